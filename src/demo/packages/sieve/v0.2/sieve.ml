type t = Bytes.t

let create bits = Bytes.make ((bits + 7) / 8) '\000'
let places = 3

let each_place key sieve f =
  for seed = 1 to places do
    f (Hashtbl.seeded_hash seed key mod (8 * Bytes.length sieve))
  done

let get sieve place = Char.code (Bytes.get sieve (place / 8)) land (1 lsl (place mod 8)) <> 0

let set sieve place =
  let byte = Char.code (Bytes.get sieve (place / 8)) lor (1 lsl (place mod 8)) in
  Bytes.set sieve (place / 8) (Char.chr byte)

let add key sieve = each_place key sieve (set sieve)

let mem key sieve =
  let all = ref true in
  each_place key sieve (fun place -> if not (get sieve place) then all := false);
  !all

let union a b =
  if Bytes.length a <> Bytes.length b then invalid_arg "Sieve.union";
  Bytes.mapi (fun i c -> Char.chr (Char.code c lor Char.code (Bytes.get b i))) a
