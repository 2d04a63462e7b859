import { Transform } from "node:stream";
import { MirrorError } from "../core/errors.ts";

/** Passes at most `bytes`; one more fails with `request-too-large`. */
export function bodyLimit(bytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > bytes) done(new MirrorError("request-too-large", { allowed: bytes }));
      else done(null, chunk);
    },
  });
}
