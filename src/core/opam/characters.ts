/** What a character or byte can be part of (opam manual, "General syntax"). Beyond ASCII: of strings and comments only. */
export const letter = 1;
export const digit = 2;
/** `_` and `-`: in identifiers, but none consists of them alone, except a lone `_`. */
export const joint = 4;
export const blank = 8;

/** By code of the character, up to 255. */
export const characterClasses: Uint8Array = new Uint8Array(256);
for (let c = 0x30; c <= 0x39; c++) characterClasses[c] = digit;
for (let c = 0x41; c <= 0x5a; c++) characterClasses[c] = characterClasses[c + 0x20] = letter;
for (const c of "_-") characterClasses[c.charCodeAt(0)] = joint;
for (const c of " \t\r\n") characterClasses[c.charCodeAt(0)] = blank;
