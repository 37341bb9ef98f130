import { systemClock, within, type Clock } from '../runtime/clock.ts';
import { ApiError } from './errors.ts';
import type { Resource } from './resource.ts';
import type { RestClient } from './rest.ts';

export interface DiscoveredKind extends Resource {
  readonly namespaced: boolean;
  readonly hasScale: boolean;
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

interface Known {
  readonly at: number;
  readonly kinds: ReadonlyMap<string, DiscoveredKind>;
}

// A CRD may change under its name, but not often.
const FRESH_MS = 600_000;
// How often an answer that disappoints is asked for again: somebody may be installing that very CRD.
const ASK_AGAIN_MS = 10_000;
// An API service that is down is not waited for by everybody, one after the other.
const PATIENCE_MS = 1_000;
const FAILED_MS = 5_000;

/**
 * What the API server serves, by apiVersion and kind. One small document per group and version is read when it is first
 * needed: the aggregated document would describe every CRD of the cluster to answer for two or three kinds.
 */
export class Discovery {
  readonly #rest: RestClient;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Known>>();
  readonly #failed = new Map<string, { readonly at: number; readonly error: unknown }>();

  constructor(rest: RestClient, clock: Clock = systemClock) {
    this.#rest = rest;
    this.#clock = clock;
  }

  /**
   * The resource of a kind, e.g. of a `targetRef`; undefined when the server does not serve it. An unknown kind, or one without
   * scale, is asked for again at most every 10 s. Without an answer within 1 s an older one is good; where there is none, it rejects, and
   * does so at once for the next 5 s.
   */
  async resolveScaleTarget(apiVersion: string, kind: string): Promise<DiscoveredKind | undefined> {
    const known = this.#known.get(apiVersion);
    const found = known?.kinds.get(kind);
    if (known && this.#clock.monotonic() - known.at < (found?.hasScale ? FRESH_MS : ASK_AGAIN_MS)) return found;
    try {
      return (await this.#asked(apiVersion)).kinds.get(kind);
    } catch (error) {
      if (!known) throw error;
      return found;
    }
  }

  /** What was known of this group and version is not true any more. */
  forget(apiVersion: string): void {
    this.#known.delete(apiVersion);
  }

  #asked(apiVersion: string): Promise<Known> {
    const failed = this.#failed.get(apiVersion);
    if (failed && this.#clock.monotonic() - failed.at < FAILED_MS) return Promise.reject(failed.error);
    let asking = this.#asking.get(apiVersion);
    if (!asking) {
      // One patience for all who ask; the answer is kept also when it comes later.
      const answer = this.#ask(apiVersion).finally(() => this.#asking.delete(apiVersion));
      asking = within(this.#clock, PATIENCE_MS, answer);
      this.#asking.set(apiVersion, asking);
    }
    return asking;
  }

  async #ask(apiVersion: string): Promise<Known> {
    try {
      const known: Known = { kinds: await this.#kinds(apiVersion), at: this.#clock.monotonic() };
      this.#known.set(apiVersion, known);
      this.#failed.delete(apiVersion);
      return known;
    } catch (error) {
      this.#failed.set(apiVersion, { at: this.#clock.monotonic(), error });
      throw error;
    }
  }

  async #kinds(apiVersion: string): Promise<ReadonlyMap<string, DiscoveredKind>> {
    const [version = '', group = '', more] = apiVersion.split('/').toReversed();
    // `..` would be resolved by what lies between; no group or version is called that.
    if (more !== undefined || version === '' || [group, version].some((part) => /^\.+$/.test(part))) return new Map();
    try {
      const path = [group ? 'apis' : 'api', group, version].filter(Boolean).map(encodeURIComponent).join('/');
      return kindsOf(group, version, await this.#rest.get<ResourceList>(`/${path}`));
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return new Map();
      throw error;
    }
  }
}

function kindsOf(group: string, version: string, { resources }: ResourceList): ReadonlyMap<string, DiscoveredKind> {
  const names = new Set(resources.map(({ name }) => name));
  const kinds = new Map<string, DiscoveredKind>();
  for (const { name: plural, kind, namespaced } of resources) {
    if (plural.includes('/')) continue;
    kinds.set(kind, { group, version, plural, namespaced, hasScale: names.has(`${plural}/scale`) });
  }
  return kinds;
}
