(** A progress bar as a line of text. *)

(** [line ~width done_ total], e.g. ["[####    ] 50 %"]. *)
val line : width:int -> int -> int -> string

(** The same for bytes, with both amounts in words. *)
val bytes : width:int -> int -> int -> string
