import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accept, Bed } from '../../test/cluster/operator/support/bed.ts';
import { Api } from '../../test/cluster/support/api.ts';
import { eventually } from '../../test/cluster/support/eventually.ts';
import { Injector, type Side } from './injector.ts';
import { ended, ledByOne, onCondition } from './laws.ts';
import { LEASE_FLAGS } from './lease.ts';
import { Recording } from './record.ts';
import { Replica } from './replica.ts';
import { type Scenario, scenarioOf } from './scenarios.ts';
import { ALONE, type Schedule, words } from './schedule.ts';
import { Wire } from './wire.ts';

export interface RunResult {
  readonly violations: readonly string[];
  /** Writes that were made, and faults that came to pass. */
  readonly points: number;
  readonly hits: number;
  readonly seconds: number;
}

/** Where runs take place. */
export interface Ground {
  readonly kubeconfig: string;
  /** The bundle of the operator. */
  readonly program: string;
}

const QUIET = ['--heartbeat-address', '', '--probe-address', '127.0.0.1:0', '--metrics-address', '127.0.0.1:0'];

export const isAlone = ({ scenarios }: Pick<Schedule, 'scenarios'>): boolean =>
  scenarios.some((name) => ALONE.some((each) => each === name));

/** One schedule from the beginning to the end, in a namespace of its own; what it wrote down stays in `dir` when something was violated. */
export async function runSchedule(
  schedule: Schedule,
  { kubeconfig, program }: Ground,
  dir: string,
): Promise<RunResult> {
  const began = performance.now();
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const say = (line: string): void => appendFileSync(join(dir, 'run.log'), `${new Date().toISOString()} ${line}\n`);
  writeFileSync(join(dir, 'schedule.json'), `${JSON.stringify(schedule, undefined, 1)}\n`);
  say(words(schedule));
  const bed = await Bed.on(new Api({}, kubeconfig), 'chaos');
  const stage = await Stage.build(bed, schedule, { kubeconfig, program }, dir, say);
  let violations: readonly string[];
  try {
    violations = await stage.play();
    for (const each of violations) say(`VIOLATION ${each}`);
  } finally {
    await stage.strikeDown();
  }
  // Not before: what still lived wrote there.
  if (violations.length === 0) rmSync(dir, { recursive: true, force: true });
  const { points, hits } = stage.injector;
  return { violations, points, hits, seconds: (performance.now() - began) / 1_000 };
}

/** What a run has set up. */
class Stage {
  readonly injector: Injector;
  readonly #bed: Bed;
  readonly #schedule: Schedule;
  readonly #sides: Side[];
  readonly #dir: string;
  readonly #scenarios: Scenario[] = [];
  #recording: Recording | undefined;

  private constructor(bed: Bed, schedule: Schedule, dir: string, say: (line: string) => void) {
    this.#bed = bed;
    this.#schedule = schedule;
    this.#dir = dir;
    this.#sides = [];
    this.injector = new Injector(schedule, this.#sides, say);
  }

  static async build(bed: Bed, schedule: Schedule, ground: Ground, dir: string, say: (line: string) => void) {
    const { kubeconfig, program } = ground;
    const stage = new Stage(bed, schedule, dir, say);
    if (isAlone(schedule)) {
      await bed.addNamespace(stage.#leases);
      await bed.api.call('DELETE', '/apis/baton.dev/v1alpha1/orchestrations/default');
    }
    for (let index = 0; index < schedule.replicas; index += 1) {
      const wire = new Wire(kubeconfig, stage.injector.hooksOf(index));
      const name = `r${index + 1}`;
      const own = join(dir, `${name}.kubeconfig`);
      await wire.start(own);
      const flags = [
        ...stage.#flags,
        ...(schedule.always === undefined ? LEASE_FLAGS : ['--no-leader-election']),
        ...QUIET,
        '--log-level',
        'debug',
        '--advertise-host',
        '127.0.0.1',
      ];
      const replica = new Replica({ name, flags, kubeconfig: own, logFile: join(dir, `${name}.log`), program, say });
      stage.#sides.push({ replica, wire });
    }
    return stage;
  }

  /** What is violated. */
  async play(): Promise<string[]> {
    const jump = (ms: number): void => this.#sides.forEach(({ replica }) => replica.jump(ms));
    const hasWorkflows = this.#schedule.scenarios.some((name) => name.startsWith('workflow-'));
    const { api, namespace } = this.#bed;
    const recording = await Recording.of(api, { namespace, leaseNamespace: this.#leases, hasWorkflows });
    this.#recording = recording;
    const ground = { bed: this.#bed, seen: recording, jump };
    const scenarios = this.#schedule.scenarios.map((name) => scenarioOf[name](ground));
    this.#scenarios.push(...scenarios);
    for (const { replica } of this.#sides) replica.start();
    await this.#ready();
    await Promise.all(scenarios.map((each) => each.prepare()));
    recording.begin();
    this.injector.arm();
    const stuck = await this.#act(scenarios);
    const versions = await recording.end();
    writeFileSync(join(this.#dir, 'versions.json'), versions.map((each) => JSON.stringify(each)).join('\n'));
    const isHurried = this.#schedule.faults.some((fault) => fault.kind === 'jump' && fault.ms > 0);
    const { writes, refused } = this.injector;
    const evidence = { versions, writes, refused, isHurried };
    const laws = [
      ...(this.#schedule.always === undefined ? [ledByOne] : []),
      onCondition,
      ...(stuck.length === 0 ? [ended] : []),
      ...scenarios.flatMap((each) => each.laws()),
    ];
    return [...stuck, ...laws.flatMap((law) => law(evidence))];
  }

  async strikeDown(): Promise<void> {
    const { api, namespace } = this.#bed;
    // A record that was not ended goes on for ever.
    await this.#recording?.close();
    for (const each of this.#scenarios) await each.end?.();
    await Promise.all(this.#sides.map(({ replica }) => replica.stop()));
    await Promise.all(this.#sides.map(({ wire }) => wire.stop()));
    // Nobody is left who takes the finalizers away.
    const path = `/apis/baton.dev/v1alpha1/namespaces/${namespace}/orchestratedservices`;
    for (const { metadata } of accept(await api.call('GET', path)).body['items'] as { metadata: { name: string } }[]) {
      await api.call('PATCH', `${path}/${metadata.name}`, { body: { metadata: { finalizers: null } } });
      await api.call('DELETE', `${path}/${metadata.name}`);
    }
    await this.#bed.close();
  }

  async #ready(): Promise<void> {
    if (this.#schedule.always !== undefined) return;
    const leases = () => Promise.resolve(this.#recording?.now('leases') ?? []);
    await eventually('a leader', 60, leases, ({ length }) => length > 0);
    if (!isAlone(this.#schedule)) return;
    const policy = () => this.#bed.api.call('GET', '/apis/baton.dev/v1alpha1/orchestrations/default');
    await eventually('the policy', 60, policy, ({ status, body }) => status === 200 && body['status'] !== undefined);
  }

  async #act(scenarios: readonly Scenario[]): Promise<string[]> {
    const outcomes = await Promise.allSettled(scenarios.map((each) => each.act()));
    return outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [`it does not end: ${(outcome.reason as Error).message}`] : [],
    );
  }

  /** Baton's own namespace is never stopped. */
  get #leases(): string {
    return isAlone(this.#schedule) ? `${this.#bed.namespace}-op` : this.#bed.namespace;
  }

  get #flags(): readonly string[] {
    const lease = ['--lease-namespace', this.#leases];
    return isAlone(this.#schedule) ? lease : ['--namespace', this.#bed.namespace, ...lease];
  }
}
