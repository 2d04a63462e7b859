let spaces width text = String.make (max 0 (width - String.length text)) ' '
let pad_right width text = text ^ spaces width text
let pad_left width text = spaces width text ^ text

let center width text =
  let missing = max 0 (width - String.length text) in
  String.make (missing / 2) ' ' ^ text ^ String.make (missing - (missing / 2)) ' '

let cut width text =
  if String.length text <= width then text
  else if width <= 0 then ""
  else String.sub text 0 (width - 1) ^ "~"
