(** Takes turns: interleaves several lists. *)

(** [round_robin [[1; 2]; [3]; [4; 5]]] is [[1; 3; 4; 2; 5]]. *)
val round_robin : 'a list list -> 'a list
