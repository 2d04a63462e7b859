module type S = sig
  type value
  type t

  val empty : t
  val add : ?times:int -> value -> t -> t
  val count : value -> t -> int
  val of_list : value list -> t
  val total : t -> int
  val ranking : t -> (value * int) list
end

module Make (Value : Map.OrderedType) = struct
  module Values = Map.Make (Value)

  type value = Value.t
  type t = int Values.t

  let empty = Values.empty
  let count value tally = try Values.find value tally with Not_found -> 0
  let add ?(times = 1) value tally = Values.add value (count value tally + times) tally
  let of_list values = List.fold_left (fun tally value -> add value tally) empty values
  let total tally = Values.fold (fun _ n sum -> sum + n) tally 0

  let ranking tally =
    let by_count (a, n) (b, m) = if n <> m then compare m n else Value.compare a b in
    List.sort by_count (Values.bindings tally)
end

module Strings = Make (String)
