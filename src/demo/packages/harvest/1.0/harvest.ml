let parse text =
  let rows = ref [] and row = ref [] and field = Buffer.create 16 in
  let end_field () =
    row := Buffer.contents field :: !row;
    Buffer.clear field
  in
  let end_row () =
    end_field ();
    rows := List.rev !row :: !rows;
    row := []
  in
  let length = String.length text in
  let rec plain i =
    if i < length then
      match text.[i] with
      | '"' -> quoted (i + 1)
      | ',' -> end_field (); plain (i + 1)
      | '\n' -> end_row (); plain (i + 1)
      | '\r' -> plain (i + 1)
      | c -> Buffer.add_char field c; plain (i + 1)
  and quoted i =
    if i < length then
      match text.[i] with
      | '"' when i + 1 < length && text.[i + 1] = '"' -> Buffer.add_char field '"'; quoted (i + 2)
      | '"' -> plain (i + 1)
      | c -> Buffer.add_char field c; quoted (i + 1)
  in
  plain 0;
  if Buffer.length field > 0 || !row <> [] then end_row ();
  List.rev !rows
