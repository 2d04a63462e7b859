(** A set that may claim to contain what was never added, but never forgets (a Bloom filter). *)

type t

(** [create bits]. *)
val create : int -> t

val add : string -> t -> unit
val mem : string -> t -> bool

(** The union of two sets of the same size. Raises [Invalid_argument] when the sizes differ. *)
val union : t -> t -> t
