import type { OpenFile } from "./files-open.ts";

const pieceBytes = 128 * 1024;

/**
 * A part of an open file as a Blob. Node's own `openAsBlob` opens the path again for every read, and ends the process when the file
 * has changed meanwhile; this one reads the file that was opened. It must not be made a part of another Blob.
 */
export class FileBlob extends Blob {
  readonly #file: OpenFile;
  readonly #start: number;

  constructor(file: OpenFile, start: number, end: number, type: string) {
    super([], { type });
    this.#file = file;
    this.#start = start;
    // The size of the Blob that Node made of nothing is a getter of its prototype.
    Object.defineProperty(this, "size", { value: Math.max(0, end - start) });
  }

  override slice(start = 0, end: number = this.size, type = ""): Blob {
    const within = (at: number) => (at < 0 ? Math.max(0, this.size + at) : Math.min(at, this.size));
    return new FileBlob(this.#file, this.#start + within(start), this.#start + within(end), type);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.#file.read(this.#start, this.size)).buffer;
  }

  override async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#file.read(this.#start, this.size);
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = 0;
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const bytes = await this.#file.read(this.#start + at, Math.min(pieceBytes, this.size - at));
          at += bytes.length;
          if (bytes.length > 0) controller.enqueue(bytes);
          if (at === this.size) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }
}
