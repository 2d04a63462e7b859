(** Reads and writes comma-separated values (RFC 4180). *)

val parse : string -> string list list

(** The inverse of [parse]: quotes what needs it. *)
val print : string list list -> string
