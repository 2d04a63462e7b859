(** Tables in plain text. *)

(** All columns as wide as their widest cell, separated by two spaces; one line a row. *)
val render : string list list -> string

(** The same below a heading and a rule, with the number of rows in a last line. *)
val report : heading:string list -> string list list -> string
