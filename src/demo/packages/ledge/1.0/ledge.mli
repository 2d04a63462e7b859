(** A queue of fixed size: when it is full, the oldest element falls off. *)

type 'a t

(** Raises [Invalid_argument] when the capacity is not positive. *)
val create : int -> 'a t

val push : 'a -> 'a t -> unit
val length : 'a t -> int

(** Oldest first. *)
val to_list : 'a t -> 'a list
