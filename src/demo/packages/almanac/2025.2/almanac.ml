type day = { year : int; month : int; day : int }

let is_leap year = year mod 4 = 0 && (year mod 100 <> 0 || year mod 400 = 0)

(* Zeller's congruence, turned so that 0 is Monday. *)
let weekday { year; month; day } =
  let year, month = if month <= 2 then (year - 1, month + 12) else (year, month) in
  (day + (13 * (month + 1) / 5) + year + (year / 4) - (year / 100) + (year / 400) + 5) mod 7

let feast text { month; day; _ } =
  let name line = try Scanf.sscanf line "%d-%d %[^\n]" (fun m d name -> if m = month && d = day then Some name else None) with _ -> None in
  List.find_map name (String.split_on_char '\n' text)
