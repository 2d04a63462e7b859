(** Amounts in words people read. *)

(** [bytes 1536] is ["1.5 KiB"]. *)
val bytes : int -> string
