let share ~width done_ total = if total <= 0 then 0 else min width (done_ * width / total)

let line ~width done_ total =
  let filled = share ~width done_ total in
  let bar = String.make filled '#' ^ String.make (width - filled) ' ' in
  Printf.sprintf "[%s] %d %%" (Glint.paint Glint.Green bar) (share ~width:100 done_ total)

let bytes ~width done_ total =
  Printf.sprintf "%s (%s of %s)" (line ~width done_ total) (Quantity.bytes done_) (Quantity.bytes total)
