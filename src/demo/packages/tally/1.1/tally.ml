type 'a t = ('a * int) list

let empty = []

let rec add value = function
  | [] -> [ (value, 1) ]
  | (other, n) :: rest when compare other value = 0 -> (other, n + 1) :: rest
  | entry :: rest -> entry :: add value rest

let count value tally = try List.assoc value tally with Not_found -> 0
let of_list values = List.fold_left (fun tally value -> add value tally) empty values
let total tally = List.fold_left (fun sum (_, n) -> sum + n) 0 tally

let ranking tally =
  let by_count (a, n) (b, m) = if n <> m then compare m n else compare a b in
  List.sort by_count tally
