(** Colours on a terminal. *)

type colour = Red | Green | Yellow | Blue

val paint : colour -> string -> string
