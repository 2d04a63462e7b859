(** Orders version numbers as people do: digits as numbers, everything else as text. *)

val compare : string -> string -> int

(** The newest of some versions. *)
val newest : string list -> string option
