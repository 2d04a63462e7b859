let widths rows =
  let wider widths row =
    List.mapi
      (fun i _ ->
        let at list = try List.nth list i with _ -> 0 in
        max (at widths) (at (List.map String.length row)))
      (if List.length row > List.length widths then List.map ignore row else List.map ignore widths)
  in
  List.fold_left wider [] rows

let render rows =
  let widths = widths rows in
  let line row = String.concat "  " (List.mapi (fun i cell -> Ribbon.pad_right (List.nth widths i) cell) row) in
  String.concat "" (List.map (fun row -> line row ^ "\n") rows)

let report ~heading rows =
  let rule = List.map (fun width -> String.make width '-') (widths (heading :: rows)) in
  render (heading :: rule :: rows) ^ Quantity.plural (List.length rows) "row" ^ "\n"
