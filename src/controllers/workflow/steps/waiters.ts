import type { Watched, WorkflowIdentity } from './contract.ts';

type Named = Pick<WorkflowIdentity, 'namespace' | 'name'>;

const keyOf = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

/**
 * Which workflows wait for which objects. Whoever has a cache of such objects tells of their changes, and the workflows are looked at again.
 * One waits once for an object: who is woken and has to wait on says so again.
 */
export class Waiters {
  /** Has a workflow looked at again. */
  readonly wake: (workflow: Named) => void;
  /** By object, then by what is done. */
  readonly #waiting = new Map<string, Map<string, Named>>();

  constructor(wake: (workflow: Named) => void) {
    this.wake = wake;
  }

  /** Gives back what ends the waiting. */
  wait({ namespace, name }: Named, opId: string, watched: readonly Watched[]): () => void {
    const keys = watched.map((each) => keyOf(each.kind, namespace, each.name));
    for (const key of keys) {
      const of = this.#waiting.get(key) ?? new Map<string, Named>();
      this.#waiting.set(key, of.set(opId, { namespace, name }));
    }
    return () => {
      for (const key of keys) {
        const of = this.#waiting.get(key);
        if (of?.delete(opId) && of.size === 0) this.#waiting.delete(key);
      }
    };
  }

  /** A workflow is gone, and waits for nothing: what it waited for may never change. */
  forget(workflow: Named): void {
    for (const [key, of] of this.#waiting) {
      for (const [opId, { namespace, name }] of of)
        if (name === workflow.name && namespace === workflow.namespace) of.delete(opId);
      if (of.size === 0) this.#waiting.delete(key);
    }
  }

  /** An object changed, came or went. */
  changed(
    kind: string,
    { namespace = '', name }: { readonly namespace?: string | undefined; readonly name: string },
  ): void {
    const key = keyOf(kind, namespace, name);
    const of = this.#waiting.get(key);
    if (of === undefined) return;
    this.#waiting.delete(key);
    for (const workflow of of.values()) this.wake(workflow);
  }
}
