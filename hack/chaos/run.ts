import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accept, Bed } from '../../test/cluster/operator/support/bed.ts';
import { Api } from '../../test/cluster/support/api.ts';
import { eventually } from '../../test/cluster/support/eventually.ts';
import { Injector, type Side } from './injector.ts';
import { ended, ledByOne } from './laws.ts';
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

const LEASE = ['--lease-duration', '3s', '--renew-deadline', '2s', '--retry-period', '500ms'];
const QUIET = ['--heartbeat-address', '', '--probe-address', '127.0.0.1:0', '--metrics-address', '127.0.0.1:0'];

export const isAlone = ({ scenarios }: Schedule): boolean =>
  scenarios.some((name) => ALONE.some((each) => each === name));

/** One schedule from the beginning to the end, in a namespace of its own; what it wrote down stays in `dir` when something was violated. */
export async function runSchedule(schedule: Schedule, kubeconfig: string, dir: string): Promise<RunResult> {
  const began = performance.now();
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const say = (line: string): void => appendFileSync(join(dir, 'run.log'), `${new Date().toISOString()} ${line}\n`);
  writeFileSync(join(dir, 'schedule.json'), `${JSON.stringify(schedule, undefined, 1)}\n`);
  say(words(schedule));
  const bed = await Bed.make('chaos', new Api({}, kubeconfig));
  const stage = await Stage.build(bed, schedule, kubeconfig, dir, say);
  try {
    const violations = await stage.play();
    for (const each of violations) say(`VIOLATION ${each}`);
    if (violations.length === 0) rmSync(dir, { recursive: true, force: true });
    const { points, hits } = stage.injector;
    return { violations, points, hits, seconds: (performance.now() - began) / 1_000 };
  } finally {
    await stage.strikeDown();
  }
}

/** What a run has set up. */
class Stage {
  readonly injector: Injector;
  readonly #bed: Bed;
  readonly #schedule: Schedule;
  readonly #sides: Side[];
  readonly #dir: string;
  #recording: Recording | undefined;

  private constructor(bed: Bed, schedule: Schedule, dir: string, say: (line: string) => void) {
    this.#bed = bed;
    this.#schedule = schedule;
    this.#dir = dir;
    this.#sides = [];
    this.injector = new Injector(schedule.faults, this.#sides, say);
  }

  static async build(bed: Bed, schedule: Schedule, kubeconfig: string, dir: string, say: (line: string) => void) {
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
      const flags = [...stage.#flags, ...LEASE, ...QUIET, '--log-level', 'debug', '--advertise-host', '127.0.0.1'];
      const replica = new Replica({ name, flags, kubeconfig: own, logFile: join(dir, `${name}.log`), say });
      stage.#sides.push({ replica, wire });
    }
    return stage;
  }

  /** What is violated. */
  async play(): Promise<string[]> {
    const scenarios = this.#schedule.scenarios.map((name) => scenarioOf[name](this.#bed));
    for (const { replica } of this.#sides) replica.start();
    await this.#ready();
    await Promise.all(scenarios.map((each) => each.prepare()));
    this.#recording = await Recording.of(this.#bed.api, this.#bed.namespace, this.#leases);
    this.injector.arm();
    const stuck = await this.#act(scenarios);
    const versions = await this.#recording.end();
    writeFileSync(join(this.#dir, 'versions.json'), versions.map((each) => JSON.stringify(each)).join('\n'));
    const isHurried = this.#schedule.faults.some((fault) => fault.kind === 'jump' && fault.ms > 0);
    const evidence = { versions, writes: this.injector.writes, isHurried };
    const laws = [ledByOne, ...(stuck.length === 0 ? [ended] : []), ...scenarios.flatMap((each) => each.laws())];
    return [...stuck, ...laws.flatMap((law) => law(evidence))];
  }

  async strikeDown(): Promise<void> {
    const { api, namespace } = this.#bed;
    // A record that was not ended goes on for ever.
    await this.#recording?.end().catch(() => undefined);
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
    const path = `/apis/coordination.k8s.io/v1/namespaces/${this.#leases}/leases/baton`;
    await eventually(
      'a leader',
      60,
      () => this.#bed.api.call('GET', path),
      ({ status }) => status === 200,
    );
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
