(** Pads and cuts lines of text. *)

val pad_right : int -> string -> string
val pad_left : int -> string -> string
val center : int -> string -> string

(** At most [width] characters; what was cut is marked by a final ["~"]. *)
val cut : int -> string -> string
