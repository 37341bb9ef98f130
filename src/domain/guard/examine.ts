import type { Act } from './act.ts';
import type { Facts, LiveOf } from './facts.ts';
import { type Objection, POLICIES } from './policies.ts';

/** Not exported, so that nobody else can make one: whoever holds a permit was examined. */
class Examined<A extends Act> {
  readonly #act: A;
  readonly #live: LiveOf<A>;

  static is(value: object): boolean {
    return #act in value;
  }

  constructor(act: A, live: LiveOf<A>) {
    this.#act = act;
    this.#live = live;
  }

  get act(): A {
    return this.#act;
  }

  /** What the act is done to, as it was when the guard looked: a precondition of the write. */
  get live(): LiveOf<A> {
    return this.#live;
  }
}

/** That an act may be done, now. */
export type Permit<A extends Act = Act> = Examined<A>;

export type Examination<A extends Act> =
  | { readonly kind: 'permitted'; readonly permit: Permit<A> }
  | (Objection & {
      /** The name of the policy that objects. */
      readonly policy: string;
    });

/** The second opinion before each act: every policy is asked in its order, with what is so at this moment. */
export function examine<A extends Act>(act: A, facts: Facts<A>): Examination<A> {
  for (const { name, objection } of POLICIES) {
    const found = objection(act, facts);
    if (found !== undefined) return { ...found, policy: name };
  }
  // The policy of the target lets nothing through that is gone.
  if (facts.live === undefined) return { kind: 'gone', policy: 'target', message: 'the target is gone' };
  return { kind: 'permitted', permit: new Examined(act, facts.live) };
}

/** True only of what examine made, whatever its type says. */
export const isPermit = (value: object): boolean => Examined.is(value);
