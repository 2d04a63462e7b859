(** Summarises a ledger: how often each name of the first column occurs, as a table. *)

val summary : string -> string

(** The same, preceded by the weekday of a date. *)
val dated : Almanac.day -> string -> string
