(** Amounts in words people read. *)

(** [bytes 1536] is ["1.5 KiB"]. *)
val bytes : int -> string

(** [seconds 3725] is ["1 h 2 min 5 s"]. *)
val seconds : int -> string

(** [plural 2 "file"] is ["2 files"]. *)
val plural : int -> string -> string
