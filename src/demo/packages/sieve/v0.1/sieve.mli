(** A set that may claim to contain what was never added, but never forgets (a Bloom filter). *)

type t

(** [create bits]. *)
val create : int -> t

val add : string -> t -> unit
val mem : string -> t -> bool
