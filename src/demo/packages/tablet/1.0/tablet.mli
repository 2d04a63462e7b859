(** Tables in plain text. *)

(** All columns as wide as their widest cell, separated by two spaces; one line a row. *)
val render : string list list -> string
