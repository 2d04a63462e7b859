(** Counts how often each value of a type occurs. *)

type 'a t

val empty : 'a t
val add : 'a -> 'a t -> 'a t
val count : 'a -> 'a t -> int
val of_list : 'a list -> 'a t

(** The sum of all counts. *)
val total : 'a t -> int

(** All values with their counts, the most frequent first; ties in the order of the values. *)
val ranking : 'a t -> ('a * int) list
