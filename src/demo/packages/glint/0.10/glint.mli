(** Colours on a terminal. *)

type colour = Red | Green | Yellow | Blue

(** Whether colours are written at all; follows the convention of https://no-color.org. *)
val enabled : bool ref

val paint : colour -> string -> string

(** A line of [width] characters with the text in its middle, painted as a whole. *)
val banner : colour -> int -> string -> string
