let rec round_robin lists =
  match List.filter (fun list -> list <> []) lists with
  | [] -> []
  | some -> List.map List.hd some @ round_robin (List.map List.tl some)
