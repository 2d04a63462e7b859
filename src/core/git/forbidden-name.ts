/**
 * Names that Git's fsck refuses in trees because a file system would take them for `.git` or `.gitmodules`
 * (Git documentation, git-fsck: hasDotgit, gitmodules*). HFS+ ignores some characters, NTFS has short names and trailing dots.
 */

/** `utf8` is the name without its NUL. Null when there is nothing against it. */
export function forbiddenName(bytes: Uint8Array, from: number, to: number): string | null {
  const length = to - from;
  if (length === 0) return "it is empty";
  const first = bytes[from]!;
  if (first === 0x2e) {
    if (length === 1) return 'it is "."';
    if (length === 2 && bytes[from + 1] === 0x2e) return 'it is ".."';
  }
  // Git's own names begin with a dot; their short names on NTFS have a tilde, and begin with a G where that does not come first.
  let plain = first !== 0x2e;
  const short = first === 0x7e || (first | 0x20) === 0x67;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte === 0x2f) return "it has a slash";
    if (byte === 0x5c || byte > 127 || (short && byte === 0x7e)) plain = false;
  }
  if (plain) return null;
  return lookAlike(bytes.subarray(from, to));
}

/** HFS+ ignores these when it compares names: U+200C–200F, 202A–202E, 206A–206F, FEFF. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

function lookAlike(name: Uint8Array): string | null {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(name);
  // A name that is not UTF-8 ends, for HFS+, at the first wrong byte.
  const hfs = text.replace(ignoredByHfs, "").toLowerCase();
  if (/^\.git(\ufffd|$)/.test(hfs)) return "HFS+ takes it for .git";
  if (/^\.gitmodules(\ufffd|$)/.test(hfs)) return "it declares submodules, which an opam repository cannot have";
  for (const part of text.toLowerCase().split("\\")) {
    if (/^(\.git|git~1)[. ]*(:|$)/.test(part)) return "NTFS takes it for .git";
    if (
      /^(\.gitmodules|gitmod~[1-4]|gi7eba~[1-9]|gi7eb~[1-9][0-9]|gi7e~[1-9][0-9]{2}|gi7~[1-9][0-9]{3}|gi~[1-9][0-9]{4}|g~[1-9][0-9]{5}|~[1-9][0-9]{6})[. ]*(:|$)/.test(
        part,
      )
    ) {
      return "it declares submodules, which an opam repository cannot have";
    }
  }
  return null;
}

/** Whether Git would read the entry as an attributes file, whose lines it limits. */
export function isAttributesName(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from]!;
  if (to - from < 8 || (first !== 0x2e && first !== 0x67 && first !== 0x47 && first < 128)) return false;
  const text = new TextDecoder("utf-8", { ignoreBOM: true })
    .decode(bytes.subarray(from, to))
    .replace(ignoredByHfs, "")
    .toLowerCase();
  return /^(\.gitattributes|gitatt~[1-4]|gi7d29~[1-9])[. ]*(:|\ufffd|$)/.test(text);
}
