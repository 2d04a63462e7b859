(** Orders version numbers as people do: digits as numbers, everything else as text. *)

val compare : string -> string -> int
