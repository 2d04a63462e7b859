(** Reads comma-separated values (RFC 4180) from a string. *)

val parse : string -> string list list
