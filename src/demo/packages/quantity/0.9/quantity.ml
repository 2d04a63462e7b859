let bytes amount =
  let rec scale value = function
    | [ unit ] -> (value, unit)
    | unit :: _ when value < 1024. -> (value, unit)
    | _ :: larger -> scale (value /. 1024.) larger
    | [] -> assert false
  in
  let value, unit = scale (float_of_int amount) [ "B"; "KiB"; "MiB"; "GiB" ] in
  if Float.is_integer value then Printf.sprintf "%.0f %s" value unit else Printf.sprintf "%.1f %s" value unit
