(** Days of the Gregorian calendar, and feasts read from a file. *)

type day = { year : int; month : int; day : int }

val is_leap : int -> bool

(** 0 is Monday. *)
val weekday : day -> int

(** [feast text day] is the name that a line ["MM-DD name"] of the text gives to the day. *)
val feast : string -> day -> string option
