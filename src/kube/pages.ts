import type { Codec } from './codec.ts';
import { ApiError } from './errors.ts';
import type { KubeObject, Target } from './resource.ts';
import type { RestClient } from './rest.ts';

/** Large enough to be quick, small enough that one parsed page (about 2 MiB of pods) is no peak worth noticing. */
const PAGE = '250';
/** A list that expires this often under its own pages is read in one piece, as client-go does. */
const EXPIRIES = 3;

export interface PageVisitor<R> {
  /** The list begins anew: forget what was visited. */
  restart(): void;
  item(object: R): void;
}

/** Visits every object of a collection page by page; returns the resourceVersion of the list. Rejects with ApiError. */
export async function listPages<R extends KubeObject>(
  rest: RestClient,
  target: Target,
  codec: Codec<R>,
  selectors: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  visitor: PageVisitor<R>,
): Promise<string> {
  let next: string | undefined;
  for (let expired = 0; ; ) {
    try {
      const limit = expired < EXPIRIES ? PAGE : undefined;
      const page = await rest.list<R>(target, codec, {
        signal,
        timeoutMs: 60_000,
        query: { ...selectors, limit, continue: next },
      });
      for (const object of page.items) visitor.item(object);
      next = page.metadata.continue;
      if (!next) return page.metadata.resourceVersion;
    } catch (error) {
      // The snapshot behind the pages was compacted; its remaining pages would come from another moment.
      if (!(error instanceof ApiError && error.expired && next)) throw error;
      expired += 1;
      next = undefined;
      visitor.restart();
    }
  }
}
