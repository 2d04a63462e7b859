(** Takes turns: interleaves several lists, and runs several tasks step by step. *)

(** [round_robin [[1; 2]; [3]; [4; 5]]] is [[1; 3; 4; 2; 5]]. *)
val round_robin : 'a list list -> 'a list

(** A task does one step when it is called, and says whether it has more to do. *)
type task = unit -> [ `Again | `Done ]

(** Runs all tasks to their end, one step of each in turn: none can keep the others waiting for longer than a step. *)
val run : task list -> unit
