let is_digit c = c >= '0' && c <= '9'

let rec span accepts text i =
  if i < String.length text && accepts text.[i] then span accepts text (i + 1) else i

let compare a b =
  let rec from i j =
    if i >= String.length a && j >= String.length b then 0
    else
      let not_digit c = not (is_digit c) in
      let i' = span not_digit a i and j' = span not_digit b j in
      match Stdlib.compare (String.sub a i (i' - i)) (String.sub b j (j' - j)) with
      | 0 ->
        let i'' = span is_digit a i' and j'' = span is_digit b j' in
        let number text from till = if from = till then 0 else int_of_string ("0u" ^ String.sub text from (till - from)) in
        (match Stdlib.compare (number a i' i'') (number b j' j'') with
         | 0 -> from i'' j''
         | order -> order)
      | order -> order
  in
  from 0 0
