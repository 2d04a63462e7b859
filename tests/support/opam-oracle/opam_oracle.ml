(* What opam's own library reads. Standard input: for each text a line with its length in bytes, then the text.
   Standard output: one line for each text, the tree with the argument "tree", else the tree's MD5 and the url sections. *)
open OpamParserTypes.FullPos

let out = Buffer.create 65536
let add text = Buffer.add_string out text

let quoted text =
  add "\"";
  String.iter
    (fun c ->
      if c = '"' || c = '\\' || c < ' ' || c > '~' then Printf.bprintf out "\\%03d" (Char.code c)
      else Buffer.add_char out c)
    text;
  add "\""

let node name parts =
  add "(";
  add name;
  List.iter (fun part -> add " "; part ()) parts;
  add ")"

let relation = function `Eq -> "=" | `Neq -> "!=" | `Geq -> ">=" | `Gt -> ">" | `Leq -> "<=" | `Lt -> "<"
let logical = function `And -> "&" | `Or -> "|"
let prefix = function `Not -> "!" | `Defined -> "?"

let update =
  let open OpamParserTypes in
  function Eq -> "=" | PlusEq -> "+=" | EqPlus -> "=+" | ColonEq -> ":=" | EqColon -> "=:" | EqPlusEq -> "=+="

let text t () = add t

let rec value v () =
  match v.pelem with
  | Bool b -> node "bool" [ text (string_of_bool b) ]
  | Int i -> node "int" [ text (string_of_int i) ]
  | String s -> node "string" [ (fun () -> quoted s) ]
  | Ident s -> node "ident" [ text s ]
  | Relop (o, a, b) -> node "relation" [ text (relation o.pelem); value a; value b ]
  | Prefix_relop (o, a) -> node "constraint" [ text (relation o.pelem); value a ]
  | Logop (o, a, b) -> node "logical" [ text (logical o.pelem); value a; value b ]
  | Pfxop (o, a) -> node "prefix" [ text (prefix o.pelem); value a ]
  | List l -> node "list" (List.map value l.pelem)
  | Group l -> node "group" (List.map value l.pelem)
  | Option (a, l) -> node "option" (value a :: List.map value l.pelem)
  | Env_binding (a, o, b) -> node "update" [ text (update o.pelem); value a; value b ]

let rec item i () =
  match i.pelem with
  | Variable (name, v) -> node "field" [ text name.pelem; value v ]
  | Section s ->
      let label = match s.section_name with None -> [] | Some n -> [ (fun () -> quoted n.pelem) ] in
      node "section" (text s.section_kind.pelem :: (label @ List.map item s.section_items.pelem))

let rec strings v =
  match v.pelem with
  | String s -> [ s ]
  | List l | Group l -> List.concat_map strings l.pelem
  | Option (a, _) -> strings a
  | _ -> []

let section s =
  node s.section_kind.pelem
    ((fun () -> quoted (match s.section_name with None -> "" | Some n -> n.pelem))
    :: List.filter_map
         (fun i ->
           match i.pelem with
           | Variable ({ pelem = ("src" | "archive" | "mirrors" | "checksum") as name; _ }, v) ->
               Some (fun () -> node name (List.map (fun s () -> quoted s) (strings v)))
           | _ -> None)
         s.section_items.pelem)

let sections file =
  List.iter
    (fun i ->
      match i.pelem with
      | Section ({ section_kind = { pelem = "url" | "extra-source"; _ }; _ } as s) -> add "\t"; section s
      | _ -> ())
    file.file_contents

let whole_tree = Array.length Sys.argv > 1 && Sys.argv.(1) = "tree"

let () =
  set_binary_mode_in stdin true;
  try
    while true do
      let length = int_of_string (input_line stdin) in
      let content = really_input_string stdin length in
      Buffer.clear out;
      (match OpamParser.FullPos.string content "file" with
      | file ->
          node "file" (List.map item file.file_contents);
          if not whole_tree then begin
            let digest = Digest.to_hex (Digest.string (Buffer.contents out)) in
            Buffer.clear out;
            add digest;
            sections file
          end
      | exception _ -> add "refused");
      print_string (Buffer.contents out);
      print_newline ()
    done
  with End_of_file -> ()
