let summary csv =
  let names = List.filter_map (function name :: _ -> Some name | [] -> None) (Harvest.parse csv) in
  let ranking = Tally.Strings.ranking (Tally.Strings.of_list names) in
  Tablet.report ~heading:[ "name"; "entries" ] (List.map (fun (name, n) -> [ name; string_of_int n ]) ranking)

let weekdays = [| "Monday"; "Tuesday"; "Wednesday"; "Thursday"; "Friday"; "Saturday"; "Sunday" |]
let dated day csv = weekdays.(Almanac.weekday day) ^ "\n" ^ summary csv
