import type { OrchestratedService } from '../../src/api/kinds.ts';
import type { Kubectl, Watch } from './kubectl.ts';
import type { RunningOperator } from './operator.ts';
import { SHOP } from './shop.ts';

export interface Stage {
  readonly kubectl: Kubectl;
  readonly watch: Watch;
  readonly operator: RunningOperator;
  /** A sentence for the person who watches. */
  readonly say: (sentence: string) => void;
  /** What a command printed. */
  readonly show: (command: string, output: string) => void;
}

export const IN_SHOP = `--namespace=${SHOP}`;

/** What a command prints. */
export async function show({ kubectl, show: print }: Stage, args: readonly string[]): Promise<void> {
  print(`kubectl ${args.join(' ')}`, await kubectl(args));
}

async function get(kubectl: Kubectl, name: string): Promise<OrchestratedService> {
  return JSON.parse(await kubectl(['get', 'osvc', name, IN_SHOP, '--output=json'])) as OrchestratedService;
}

/** Looks until the service has this level. */
export function until(kubectl: Kubectl, name: string, health: string, seconds: number): Promise<OrchestratedService> {
  return poll(
    seconds,
    `${name} should become ${health}`,
    () => get(kubectl, name),
    ({ status }) => status?.health === health,
  );
}

export function untilCondition(
  kubectl: Kubectl,
  name: string,
  type: string,
  status: string,
  seconds: number,
): Promise<OrchestratedService> {
  const holds = (service: OrchestratedService): boolean =>
    service.status?.conditions?.some((condition) => condition.type === type && condition.status === status) ?? false;
  return poll(seconds, `${type} of ${name} should become ${status}`, () => get(kubectl, name), holds);
}

export async function poll<T>(
  seconds: number,
  expected: string,
  look: () => Promise<T>,
  accept: (seen: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + seconds * 1_000;
  for (;;) {
    const seen = await look();
    if (accept(seen)) return seen;
    if (performance.now() > deadline)
      throw new Error(`${expected} within ${seconds} s, but is: ${JSON.stringify(seen, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Rejects, by throwing, what the demo must not show. */
export function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the demo expected that ${what}`);
}
