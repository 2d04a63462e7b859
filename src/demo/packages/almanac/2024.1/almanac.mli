(** Days of the Gregorian calendar. *)

type day = { year : int; month : int; day : int }

val is_leap : int -> bool

(** 0 is Monday. *)
val weekday : day -> int
