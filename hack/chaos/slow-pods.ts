import type { Pod } from '../../test/cluster/operator/support/bed.ts';
import type { Obj } from '../../test/cluster/operator/support/objects.ts';
import { type Ground, podsOf } from './ground.ts';

const GATE = 'example.dev/slow';
const LOOK_MS = 100;

type Gated = Pod & { readonly spec: { readonly schedulingGates?: readonly unknown[] } };

/** KWOK makes pods ready at once. These wait for so long behind a scheduling gate, as pods do whose image has to be pulled. */
export class SlowPods {
  readonly #ground: Pick<Ground, 'bed' | 'seen'>;
  readonly #app: string;
  readonly #ms: number;
  readonly #found = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  /** Those with the label app. */
  constructor(ground: Pick<Ground, 'bed' | 'seen'>, app: string, ms: number) {
    this.#ground = ground;
    this.#app = app;
    this.#ms = ms;
  }

  /** The workload with such pods; from now on they are let go one by one. */
  of(workload: Obj): Obj {
    const { template, ...spec } = workload['spec'] as { template: { spec: object } };
    this.#wait();
    const gated = { ...template, spec: { ...template.spec, schedulingGates: [{ name: GATE }] } };
    return { ...workload, spec: { ...spec, template: gated } };
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  async #look(): Promise<void> {
    // A look that fails is followed by another.
    await this.#release().catch(() => undefined);
    if (this.#timer !== undefined) this.#wait();
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, LOOK_MS);
  }

  async #release(): Promise<void> {
    const { bed, seen } = this.#ground;
    for (const { metadata, spec } of podsOf(seen, this.#app) as Gated[]) {
      if (spec.schedulingGates === undefined) continue;
      const { name, uid = '' } = metadata;
      const since = this.#found.get(uid) ?? performance.now();
      this.#found.set(uid, since);
      if (performance.now() - since >= this.#ms)
        await bed.patch('Pod', name, { spec: { schedulingGates: null } }, 'v1');
    }
  }
}
