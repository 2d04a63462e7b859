(** Pads and cuts lines of text. *)

val pad_right : int -> string -> string
val pad_left : int -> string -> string
