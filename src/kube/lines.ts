const NEWLINE = 10;

/**
 * Cuts a byte stream into lines and gives each to `onLine` as text. Lines that lie within one chunk, nearly all, are decoded
 * straight from it; only a line that spans chunks is put together first, so multi-byte characters are never torn.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #pending: Buffer[] = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line =
        this.#pending.length > 0 ? this.#join(chunk.subarray(start, end)) : chunk.toString('utf8', start, end);
      start = end + 1;
      if (line !== '') this.#onLine(line);
    }
    if (start < chunk.length) this.#pending.push(chunk.subarray(start));
  }

  #join(last: Buffer): string {
    const line = Buffer.concat([...this.#pending, last]).toString('utf8');
    this.#pending = [];
    return line;
  }
}
