(** Colours on a terminal. *)

type colour = Red | Green | Yellow | Blue

val paint : colour -> string -> string

(** A line of [width] characters with the text in its middle, painted as a whole. *)
val banner : colour -> int -> string -> string
