const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
/** Of `{"items":[` and of an item in it. */
const LIST = 2;
const ITEM = 3;

/**
 * Gives the items of a list in JSON to `onItem` one by one as the text arrives. Parsed as a whole, a list of 10,000 pods leaves 20 MiB behind at
 * each time, which the process then keeps.
 */
export class ItemReader {
  readonly #onItem: (item: unknown) => void;
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  #isList = false;
  /** What earlier chunks hold of the item that is not complete. */
  #begun: Buffer[] | undefined;

  constructor(onItem: (item: unknown) => void) {
    this.#onItem = onItem;
  }

  /** Throws what `onItem` throws, and where an item is not JSON. */
  push(chunk: Buffer): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#isText) this.#inText(byte);
      else if (byte === QUOTE) this.#isText = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        this.#depth += 1;
        if (this.#depth === LIST && byte === OPEN_ARRAY) this.#isList = true;
        if (this.#depth !== ITEM || byte !== OPEN_OBJECT) continue;
        this.#begun = [];
        from = at;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#depth === ITEM && this.#begun) this.#end(this.#begun, chunk.subarray(from, at + 1));
        this.#depth -= 1;
      }
    }
    this.#begun?.push(chunk.subarray(from));
  }

  /** Throws when that was no complete list. */
  end(): void {
    if (this.#depth !== 0 || !this.#isList) throw new Error('the answer is no list');
  }

  #inText(byte: number | undefined): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isText = false;
  }

  #end(begun: readonly Buffer[], last: Buffer): void {
    this.#begun = undefined;
    const bytes = begun.length === 0 ? last : Buffer.concat([...begun, last]);
    this.#onItem(JSON.parse(bytes.toString('utf8')));
  }
}
