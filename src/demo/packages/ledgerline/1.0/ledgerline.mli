(** Summarises a ledger: how often each name of the first column occurs, as a table. *)

val summary : string -> string
