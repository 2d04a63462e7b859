let bytes amount =
  let rec scale value = function
    | [ unit ] -> (value, unit)
    | unit :: _ when value < 1024. -> (value, unit)
    | _ :: larger -> scale (value /. 1024.) larger
    | [] -> assert false
  in
  let value, unit = scale (float_of_int amount) [ "B"; "KiB"; "MiB"; "GiB" ] in
  if Float.is_integer value then Printf.sprintf "%.0f %s" value unit else Printf.sprintf "%.1f %s" value unit

let seconds amount =
  let parts = [ (amount / 3600, "h"); (amount / 60 mod 60, "min"); (amount mod 60, "s") ] in
  match List.filter (fun (n, _) -> n > 0) parts with
  | [] -> "0 s"
  | shown -> String.concat " " (List.map (fun (n, unit) -> Printf.sprintf "%d %s" n unit) shown)

let plural n noun = Printf.sprintf "%d %s%s" n noun (if n = 1 then "" else "s")
