(** Counts how often each value occurs; logarithmic since 2.0. *)

module type S = sig
  type value
  type t

  val empty : t
  val add : ?times:int -> value -> t -> t
  val count : value -> t -> int
  val of_list : value list -> t
  val total : t -> int

  (** All values with their counts, the most frequent first; ties in the order of the values. *)
  val ranking : t -> (value * int) list
end

module Make (Value : Map.OrderedType) : S with type value = Value.t
module Strings : S with type value = string
