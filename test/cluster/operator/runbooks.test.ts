import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Orchestration, Workflow, WorkflowPhase } from '../../../src/api/kinds.ts';
import { approversRole, readRunbook, type Runbook } from '../../../hack/demo/runbooks.ts';
import { shop } from '../../../hack/demo/shop.ts';
import { kubectlBinary } from '../packaging/cluster.ts';
import { Api, unique } from '../support/api.ts';
import { installCrds } from '../support/crds.ts';
import { eventually } from '../support/eventually.ts';
import { accept, Bed } from './support/bed.ts';
import { selectorOf } from './support/failover.ts';
import type { Obj } from './support/objects.ts';
import { Operator } from './support/process.ts';

// deploy/runbooks as people use them: applied and started with the commands in their comments, on the shop of the demo, as their own
// ServiceAccounts. One operator looks after all, so that one of them can have an emergency halt.

const V = 'baton.dev/v1alpha1';
const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
const POLICY = `/apis/${V}/orchestrations/default`;
const api = new Api();
/** baton-approve, of this file's own. */
const approve = unique('approve');
let home: Bed;

beforeAll(async () => {
  await installCrds(api);
  accept(await api.call('POST', ROLES, { body: { ...(await approversRole()), metadata: { name: approve } } }));
  await api.call('DELETE', POLICY);
  home = await Bed.on(api, 'op-runbooks');
  home.own(await Operator.start(['--lease-namespace', home.namespace, '--heartbeat-address', '']));
});
afterAll(async () => {
  await home.close();
  await Promise.all([api.call('DELETE', POLICY), api.call('DELETE', `${ROLES}/${approve}`)]);
});

interface Deployment extends Obj {
  spec: { replicas: number; template: { spec: { containers: { image: string; command?: string[] }[] } } };
  status: { readyReplicas?: number; currentRevision?: string; updateRevision?: string };
}

/** A shop of its own with one runbook. */
class Shop {
  readonly bed: Bed;
  readonly #runbook: Runbook;

  private constructor(bed: Bed, runbook: Runbook) {
    this.bed = bed;
    this.#runbook = runbook;
  }

  static async open(name: string, parts: readonly string[]): Promise<Shop> {
    const bed = await Bed.on(api, `op-${name}`);
    const objects = (shop(bed.namespace) as Obj[]).filter(({ metadata }) => parts.includes(metadata.name));
    const services = objects.filter(({ kind }) => kind === 'OrchestratedService');
    await bed.createAll(...objects);
    const runbook = await readRunbook(name, bed.namespace);
    // Nothing in a test follows from how long something was well.
    const manifest = runbook.manifest
      .replaceAll('for: 5s', 'for: 1s')
      .replace('name: baton-approve', `name: ${approve}`);
    await Promise.all([
      sh('kubectl apply --filename -', manifest),
      ...services.map(({ metadata }) => bed.level(metadata.name, 'Healthy')),
    ]);
    // The level goes by the pods; the controllers of their workloads may count them a moment later.
    const workloads = objects.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
    for (const { kind, metadata } of workloads) {
      const look = () => bed.get<Deployment>(kind, metadata.name);
      const isCounted = ({ spec, status }: Deployment): boolean => (status.readyReplicas ?? 0) === spec.replicas;
      await eventually(`${kind} ${metadata.name} is ready`, 60, look, isCounted);
    }
    return new Shop(bed, runbook);
  }

  /** The command in the comments of the runbook that has these words, with others put into it. */
  async command(words: string, changes: Readonly<Record<string, string>> = {}, as = ''): Promise<string> {
    const found = this.#runbook.commands.find((command) => command.includes(words));
    if (found === undefined) throw new Error(`no command with ${words}`);
    const changed = Object.entries(changes).reduce((command, [from, to]) => {
      if (!command.includes(from)) throw new Error(`the command has no ${from}: ${command}`);
      return command.replaceAll(from, to);
    }, found);
    return sh(`${changed}${as}`);
  }

  /** Starts it as its comments say; gives the name of the Workflow. */
  async start(changes: Readonly<Record<string, string>> = {}): Promise<string> {
    const said = await this.command('kubectl create', changes);
    const name = /^workflow\.baton\.dev\/(\S+) created$/.exec(said.trim())?.[1];
    if (name === undefined) throw new Error(`started: ${said}`);
    return name;
  }

  decide(name: string, step: string, user: string, group: string, decision = 'Approve'): Promise<string> {
    const asked = /"step": "([a-z]+)"/.exec(this.#runbook.commands.find((one) => one.includes('approvals')) ?? '')?.[1];
    const changes = { NAME: name, YOU: user, [`"${asked}"`]: `"${step}"`, '"Approve"': `"${decision}"` };
    return this.command('approvals', changes, ` --as ${user} --as-group ${group}`);
  }

  workflow(name: string): Promise<Workflow> {
    return this.bed.get<Workflow>('Workflow', name, V);
  }

  ended(name: string, phase: WorkflowPhase): Promise<Workflow> {
    return this.#until(name, phase, ({ status }) => status?.phase === phase);
  }

  /** Until a step that lasts until somebody does something is under way. */
  waits(name: string, step: string): Promise<Workflow> {
    return this.#until(name, `at ${step}`, (seen) => states(seen)[step] === 'Verifying');
  }

  #until(name: string, what: string, holds: (seen: Workflow) => boolean): Promise<Workflow> {
    const isOver = ({ status }: Workflow): boolean => status?.finishedAt !== undefined;
    return eventually(
      `${name} is ${what}`,
      150,
      () => this.workflow(name),
      (seen) => {
        if (isOver(seen) && !holds(seen)) throw new Error(`${name} has ended: ${JSON.stringify(seen.status, null, 1)}`);
        return holds(seen);
      },
    );
  }

  workload(name: string, kind = 'Deployment'): Promise<Deployment> {
    return this.bed.get<Deployment>(kind, name);
  }

  /** Asked for, and ready. */
  async replicas(name: string): Promise<readonly [number, number]> {
    const { spec, status } = await this.workload(name);
    return [spec.replicas, status.readyReplicas ?? 0];
  }

  async image(): Promise<string | undefined> {
    return (await this.workload('ledger-db', 'StatefulSet')).spec.template.spec.containers[0]?.image;
  }

  async jobs(): Promise<(Obj & Pick<Deployment, 'spec'>)[]> {
    const { body } = accept(await api.call('GET', `/apis/batch/v1/namespaces/${this.bed.namespace}/jobs`));
    return body['items'] as (Obj & Pick<Deployment, 'spec'>)[];
  }

  close(): Promise<void> {
    return this.bed.close();
  }
}

const states = ({ status }: Workflow): Record<string, string> =>
  Object.fromEntries((status?.steps ?? []).map(({ name, state }) => [name, state]));

const stepOf = ({ status }: Workflow, name: string) => status?.steps?.find((step) => step.name === name);

/** As a person types it; rejects with what it said where it failed. */
async function sh(line: string, input = ''): Promise<string> {
  const PATH = `${dirname(await kubectlBinary())}:${process.env['PATH']}`;
  const KUBECONFIG = process.env['KUBECONFIG'] || '.cluster/kubeconfig';
  const child = spawn('sh', ['-c', line], { env: { ...process.env, PATH, KUBECONFIG } });
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(errors);
  return output;
}

/** A shop for one test, with what that needs of it. */
const inShop =
  (runbook: string, parts: readonly string[], test: (open: Shop) => Promise<void>) => async (): Promise<void> => {
    const opened = await Shop.open(runbook, parts);
    try {
      await test(opened);
    } finally {
      await opened.close();
    }
  };

const MONEY = ['ledger-db', 'payments', 'checkout'];
const CATALOG = ['catalog', 'catalog-standby'];

describe.concurrent('a runbook', () => {
  it(
    'rolls two services once, one after the other',
    inShop('rolling-restart', [...MONEY, ...CATALOG], async (open) => {
      const done = await open.ended(await open.start(), 'Succeeded');
      for (const name of ['catalog', 'checkout']) {
        const { metadata } = await open.workload(name);
        expect(metadata['annotations']).toMatchObject({ 'deployment.kubernetes.io/revision': '2' });
      }
      const { finishedAt: first = '' } = stepOf(done, 'first-well') ?? {};
      expect(first <= (stepOf(done, 'roll-second')?.startedAt ?? '')).toBe(true);
      expect(done.status?.type).toBe('Optimization');
    }),
  );

  it(
    'scales for a sale and back, at its end or when somebody ends it',
    inShop('sale', MONEY, async (open) => {
      const before = await open.replicas('checkout');
      expect(before).toEqual([3, 3]);
      const long = await open.start();
      await open.waits(long, 'sale');
      expect(await open.replicas('checkout')).toEqual([6, 6]);
      await open.command('cancel', { NAME: long });
      expect(states(await open.ended(long, 'RolledBack'))).toMatchObject({ grow: 'Compensated', shrink: 'Pending' });
      expect(await open.replicas('checkout')).toEqual(before);
      const done = await open.ended(await open.start({ '2h': '1s', '"6"': '"5"' }), 'Succeeded');
      expect(stepOf(done, 'grow')?.outputs).toEqual({ replicas: 5, before: 3 });
      expect(stepOf(done, 'shrink')?.outputs).toEqual({ replicas: 3, before: 5 });
      expect(await open.replicas('checkout')).toEqual(before);
    }),
  );

  it(
    'changes the database when somebody else agrees, while nobody writes to it',
    inShop('database-maintenance', ['ledger-db', 'payments'], async (open) => {
      const image = await open.image();
      const [asked, more] = [
        'pause:3.10.1',
        ['backup-image, value: example/dump', 'backup-command, value: dump --all'],
      ];
      const name = await open.start({ [`${asked}'}`]: `${asked}'}${more.map((one) => `, {name: ${one}}`).join('')}` });
      await open.waits(name, 'begin');
      await expect(open.decide(name, 'begin', 'eve', 'sales')).rejects.toThrow(/Forbidden/);
      expect([await open.image(), await open.replicas('payments')]).toEqual([image, [2, 2]]);
      await open.decide(name, 'begin', 'bob', 'dba');
      const seen = await open.waits(name, 'keep');
      expect(states(seen)).toMatchObject({ backup: 'Succeeded', change: 'Succeeded', restart: 'Skipped' });
      const [job] = await open.jobs();
      expect(job?.spec.template.spec.containers).toMatchObject([
        { image: 'example/dump', command: ['sh', '-c', 'dump --all'] },
      ]);
      expect(await open.replicas('payments')).toEqual([0, 0]);
      expect(await open.image()).toBe('registry.k8s.io/pause:3.10.1');
      await open.decide(name, 'keep', 'bob', 'dba');
      await open.ended(name, 'Succeeded');
      expect(await open.replicas('payments')).toEqual([2, 2]);
      expect(await open.image()).toBe('registry.k8s.io/pause:3.10.1');
    }),
  );

  it(
    'puts all of it back where somebody says no to it',
    inShop('database-maintenance', ['ledger-db', 'payments'], async (open) => {
      const { spec, status } = await open.workload('ledger-db', 'StatefulSet');
      const name = await open.start();
      await open.waits(name, 'begin');
      await open.decide(name, 'begin', 'bob', 'dba');
      await open.waits(name, 'keep');
      await open.decide(name, 'keep', 'bob', 'dba', 'Reject');
      const done = await open.ended(name, 'RolledBack');
      expect(done.status?.message).toBe('step keep failed: rejected by bob; everything is undone');
      const now = await open.workload('ledger-db', 'StatefulSet');
      expect(now.spec).toEqual(spec);
      expect([now.status.currentRevision, now.status.updateRevision]).toEqual(Array(2).fill(status.currentRevision));
      expect(await open.replicas('payments')).toEqual([2, 2]);
      // Not before the database was as before.
      const [silence, stop] = ['silence', 'stop'].map((step) => stepOf(done, step)?.compensation);
      expect([silence?.state, stop?.state]).toEqual(['Done', 'Done']);
      expect((silence?.finishedAt ?? '') <= (stop?.startedAt ?? '')).toBe(true);
    }),
  );

  it(
    'moves traffic to the standby and back, and measures the gap',
    inShop('failover-drill', CATALOG, async (open) => {
      const drill = await open.start();
      const done = await open.ended(drill, 'Succeeded');
      const seconds = ['away', 'back'].map(
        (step) => stepOf(done, step)?.outputs?.['seconds'] as Record<string, number>,
      );
      for (const each of seconds) expect(each['fencing']).toBeGreaterThan(0);
      const measured = (await open.command('jsonpath', { NAME: drill })).trim().split(' ');
      expect(measured.map((one) => JSON.parse(one) as unknown)).toEqual(seconds);
      expect(await selectorOf(open.bed, 'catalog')).toEqual({ app: 'catalog' });
      expect((await open.bed.service('catalog')).status?.failover).toMatchObject({ active: 'Primary', epoch: 2 });
    }),
  );
});

describe('a runbook in an emergency', () => {
  const policy = async (): Promise<Orchestration> =>
    accept(await api.call('GET', POLICY)).body as unknown as Orchestration;
  const halted = (state: string): Promise<Orchestration> =>
    eventually(`the halt is ${state}`, 60, policy, ({ status }) => status?.halt?.state === state);
  const say = async (emergency: object): Promise<void> => {
    accept(await api.call('PATCH', POLICY, { body: { spec: { emergency } } }));
  };

  it(
    'brings back what the halt holds while it lasts, and nothing else does',
    inShop('recovery', MONEY, async (open) => {
      await open.command('haltExempt');
      await say({ halt: 'Halt' });
      const { status } = await halted('Halted');
      const replicas = async () => [await open.replicas('payments'), await open.replicas('checkout')];
      await eventually('both are down', 60, replicas, (seen) => seen.flat().every((count) => count === 0));
      const had = () => open.command('originalReplicas');
      const remembers = (seen: string): boolean => /^checkout +3$/m.test(seen) && /^payments +2$/m.test(seen);
      await eventually('what they had', 60, had, remembers);
      await open.bed.create({
        apiVersion: V,
        kind: 'Workflow',
        metadata: { name: 'other' },
        spec: { steps: [{ name: 'go', wait: { duration: '0s' } }] },
      });
      const name = await open.start();
      await open.waits(name, 'cause');
      await open.decide(name, 'cause', 'carol', 'on-call');
      await open.ended(name, 'Succeeded');
      expect(await replicas()).toEqual([
        [2, 2],
        [3, 3],
      ]);
      expect((await policy()).status?.halt?.state).toBe('Halted');
      const other = () => open.workflow('other');
      await eventually('another waits', 60, other, (seen) => seen.status?.reason === 'WorkflowsHalted');
      await say({ halt: 'None', resume: status?.halt?.id });
      await halted('Resumed');
      await open.ended('other', 'Succeeded');
      for (const [workload, replicas] of Object.entries({ payments: 2, checkout: 3 })) {
        const { metadata, spec } = await open.workload(workload);
        expect(spec.replicas).toBe(replicas);
        expect(metadata['annotations']).not.toHaveProperty('baton.dev/halt-id');
      }
    }),
  );
});
