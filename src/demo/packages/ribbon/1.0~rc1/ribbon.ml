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

let wrap width text =
  let words = List.filter (fun word -> word <> "") (String.split_on_char ' ' text) in
  let step (lines, line) word =
    if line = "" then (lines, word)
    else if String.length line + 1 + String.length word <= width then (lines, line ^ " " ^ word)
    else (line :: lines, word)
  in
  let lines, last = List.fold_left step ([], "") words in
  List.rev (if last = "" then lines else last :: lines)
