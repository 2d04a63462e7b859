let spaces width text = String.make (max 0 (width - String.length text)) ' '
let pad_right width text = text ^ spaces width text
let pad_left width text = spaces width text ^ text
