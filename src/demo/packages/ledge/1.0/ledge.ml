type 'a t = { slots : 'a option array; mutable next : int; mutable length : int }

let create capacity =
  if capacity <= 0 then invalid_arg "Ledge.create";
  { slots = Array.make capacity None; next = 0; length = 0 }

let capacity ledge = Array.length ledge.slots

let push value ledge =
  ledge.slots.(ledge.next) <- Some value;
  ledge.next <- (ledge.next + 1) mod capacity ledge;
  ledge.length <- min (capacity ledge) (ledge.length + 1)

let length ledge = ledge.length

let to_list ledge =
  let first = ledge.next - ledge.length + capacity ledge in
  List.init ledge.length (fun i ->
      match ledge.slots.((first + i) mod capacity ledge) with
      | Some value -> value
      | None -> assert false)
