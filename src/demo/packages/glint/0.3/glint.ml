type colour = Red | Green | Yellow | Blue

let code = function Red -> 31 | Green -> 32 | Yellow -> 33 | Blue -> 34
let paint colour text = Printf.sprintf "\027[%dm%s\027[0m" (code colour) text
