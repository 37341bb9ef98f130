import type { OrchestratedService } from '../../../../src/api/kinds.ts';
import type { Api } from '../../support/api.ts';
import { eventually } from '../../support/eventually.ts';

interface Change {
  readonly type: string;
  readonly object: OrchestratedService;
}

/** Every version of one OrchestratedService since one of them: what lasts a few seconds is found here also by a test that was late. */
export class History {
  readonly #name: string;
  readonly #seen: OrchestratedService[] = [];
  readonly #over = new AbortController();
  readonly #watch: Promise<void>;
  #fault: unknown;

  constructor(api: Api, path: string, name: string, since: string) {
    this.#name = name;
    const following = api.follow(path, since, this.#over.signal, (change) => {
      const { type, object } = change as Change;
      if (type === 'ERROR') throw new Error(`the watch ended: ${JSON.stringify(object)}`);
      if (object.metadata.name === name) this.#seen.push(object);
    });
    this.#watch = following.catch((error: unknown) => void (this.#fault = error));
  }

  /** Waits until there was such a version, gives back the first, and forgets it and all before: the next look is at what came after it. */
  async until(
    what: string,
    holds: (service: OrchestratedService) => boolean | undefined,
  ): Promise<OrchestratedService> {
    const isIt = (seen: OrchestratedService): boolean => holds(seen) === true;
    const look = () => Promise.resolve({ found: this.#seen.find(isIt), last: this.#seen.at(-1)?.status });
    const isOver = ({ found }: { found: unknown }): boolean => found !== undefined || this.#fault !== undefined;
    const { found } = await eventually(`${this.#name} went through: ${what}`, 60, look, isOver);
    if (found === undefined) throw this.#fault;
    this.#seen.splice(0, this.#seen.indexOf(found) + 1);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#watch;
  }
}
