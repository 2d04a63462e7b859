import type { OutboundAnswer } from "./outbound.ts";

/** How often the rest of one body is asked for. */
const resumptions = 3;

/**
 * The body of `answer`; where it breaks off, the rest comes from `again`, which asks for the bytes from `at` on (RFC 9110 §14). Fails as the
 * body failed when that is not delivered. Whoever reads must compare checksums: nothing else tells that the parts belong together.
 */
export async function* resumedBody(
  answer: OutboundAnswer,
  again: (at: number, ifRange: string | null) => Promise<OutboundAnswer>,
): AsyncGenerator<Buffer, void> {
  const { etag } = answer.headers;
  // A weak one does not say that bytes are the same (RFC 9110 §13.1.5).
  const ifRange = etag?.startsWith('"') ? etag : null;
  let at = 0;
  let { body } = answer;
  for (let left = resumptions; ; left--) {
    const broken = yield* readUntilBroken(body, (bytes) => {
      at += bytes;
    });
    if (broken === null) return;
    const { failure } = broken;
    if (left === 0 || at === 0) throw failure;
    const rest = await again(at, ifRange).catch(() => null);
    if (rest?.status !== 206 || !(rest.headers["content-range"] ?? "").startsWith(`bytes ${at}-`)) {
      rest?.body.destroy();
      throw failure;
    }
    body = rest.body;
  }
}

/** Returns null at the end. */
async function* readUntilBroken(
  body: OutboundAnswer["body"],
  received: (bytes: number) => void,
): AsyncGenerator<Buffer, { readonly failure: unknown } | null> {
  const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      let step: IteratorResult<Buffer>;
      try {
        step = await chunks.next();
      } catch (failure) {
        return { failure };
      }
      if (step.done === true) return null;
      received(step.value.length);
      yield step.value;
    }
  } finally {
    body.destroy();
  }
}
