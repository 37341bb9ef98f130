import type { StepStatus, Workflow } from '../../../src/api/kinds.ts';
import { isOver } from '../../../src/domain/workflow/phase.ts';
import { accept, type Bed } from '../../../test/cluster/operator/support/bed.ts';
import { NOWHERE, type Obj, podTemplate, workload } from '../../../test/cluster/operator/support/objects.ts';
import { eventually } from '../../../test/cluster/support/eventually.ts';
import { type Ground, servicesOf } from '../ground.ts';
import type { Law } from '../laws.ts';
import type { Scenario } from '../scenarios.ts';
import {
  type Case,
  type CaseName,
  CASES,
  configMap,
  deployment,
  mode,
  replicas,
  type Setting,
  setMode,
  template,
} from './cases.ts';
import { became, carriedOut, copiedFrom, isThere, made, oneOwner, restedAfterwards, stampedOnce } from './laws.ts';
import { Outside } from './requests.ts';

const V = 'baton.dev/v1alpha1';
const RBAC = 'rbac.authorization.k8s.io';
const POLICY = `/apis/${V}/orchestrations`;
/** Seconds. A schedule may kill at each of 150 writes, and each time a lease has to end: that alone takes two minutes and more. */
const PATIENCE_S = 200;
/** Longer than any clock is put on. */
const LONG = '24h';
const RUNNER = 'runner';

const workflowsOf = ({ seen }: Pick<Ground, 'seen'>): readonly Workflow[] =>
  seen.now('workflows') as unknown as readonly Workflow[];

async function untilWorkflow(
  ground: Ground,
  name: string,
  what: string,
  holds: (workflow: Workflow) => boolean,
): Promise<void> {
  const look = () => Promise.resolve(workflowsOf(ground).find(({ metadata }) => metadata.name === name));
  await eventually(`${name}: ${what}`, PATIENCE_S, look, (found) => found !== undefined && holds(found));
}

const untilOver = (ground: Ground, name: string) =>
  untilWorkflow(ground, name, 'over', ({ status }) => isOver(status?.phase));

/** The account of all workflows of a namespace, which may do what steps do. */
async function makeRunner({ api, namespace }: Bed): Promise<void> {
  const make = async (path: string, body: object): Promise<void> => {
    const answer = await api.call('POST', path, { body: { metadata: { name: RUNNER }, ...body } });
    // Another scenario of the run was faster.
    if (answer.status !== 409) accept(answer);
  };
  const roles = `/apis/${RBAC}/v1/namespaces/${namespace}`;
  await make(`/api/v1/namespaces/${namespace}/serviceaccounts`, {});
  await make(`${roles}/roles`, { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });
  await make(`${roles}/rolebindings`, {
    roleRef: { apiGroup: RBAC, kind: 'Role', name: RUNNER },
    subjects: [{ kind: 'ServiceAccount', name: RUNNER, namespace }],
  });
  // Requests may go to the harness, whoever asks.
  const httpChecks = { allowedDestinations: ['Loopback'] };
  await make(POLICY, { apiVersion: V, kind: 'Orchestration', metadata: { name: 'default' }, spec: { httpChecks } });
}

const DAY_MS = 86_400_000;

const workflow = (name: string, spec: object): Obj => ({
  apiVersion: V,
  kind: 'Workflow',
  metadata: { name },
  spec: { serviceAccountName: RUNNER, timeout: LONG, ...spec },
});

const FAILS = 'fails';

/** Carries out a step of each of these kinds; where it is undone, a last one fails. */
export function carryOut(ground: Ground, name: string, kinds: readonly CaseName[], isUndone: boolean): Scenario {
  const { bed } = ground;
  const outside = new Outside();
  const setting: Setting = { name, outside, isUndone };
  const health = { service: `${name}-well`, atLeast: 'Healthy' };
  const criteria = kinds.includes('health') && { successCriteria: [{ health, for: '1s', within: LONG }] };
  const cases = kinds.map((kind): [CaseName, Case] => [kind, CASES[kind]]);
  return {
    prepare: async () => {
      await outside.start();
      await makeRunner(bed);
      const objects = cases.flatMap(([, { objects: those }]) => those?.(setting) ?? []);
      await bed.createAll(...objects);
      await settled(ground, objects);
    },
    act: async () => {
      await bed.create(workflow(name, { maxParallelSteps: 20, steps: stepsOf(cases, setting), ...criteria }));
      if (kinds.includes('approval')) await approve(ground, name, 'approval');
      await untilOver(ground, name);
      await settled(ground, []);
    },
    laws: () => [
      ...cases.flatMap(([, each]) => each.laws(setting)),
      carriedOut(name, isUndone ? 'RolledBack' : 'Succeeded', statesOf(cases, isUndone)),
      ...lawsOfAll([name]),
    ],
    end: () => outside.end(),
  };
}

const lawsOfAll = (names: readonly string[]): Law[] => [
  stampedOnce,
  copiedFrom,
  oneOwner,
  ...names.map(restedAfterwards),
];

function stepsOf(cases: readonly [CaseName, Case][], setting: Setting): object[] {
  const steps = cases.map(([name, { step, compensate }]) => ({
    name,
    timeout: LONG,
    ...step(setting),
    ...(compensate && { compensate: compensate(setting) }),
  }));
  const absent = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'absent' };
  const fails = { name: FAILS, dependsOn: cases.map(([name]) => name), restart: { target: absent } };
  return setting.isUndone ? [...steps, fails] : steps;
}

function statesOf(
  cases: readonly [CaseName, Case][],
  isUndone: boolean,
): Record<string, readonly StepStatus['state'][]> {
  const ends = cases.map(([name, { states = [] }]) => [name, isUndone ? ['Compensated'] : ['Succeeded', ...states]]);
  return { ...Object.fromEntries(ends), [FAILS]: ['Failed'] };
}

/** Services are well, and nothing is under way with them. */
async function settled({ seen }: Ground, made: readonly Obj[]): Promise<void> {
  const names = made.filter(({ kind }) => kind === 'OrchestratedService').map(({ metadata }) => metadata.name);
  const look = () => Promise.resolve(servicesOf(seen));
  await eventually('services are well', PATIENCE_S, look, (services) => {
    const isWell = services.every(
      ({ status, metadata }) => status?.health === 'Healthy' && !metadata.finalizers?.length,
    );
    return isWell && names.every((name) => services.some(({ metadata }) => metadata.name === name));
  });
}

const isAt = ({ status }: Workflow, step: string, state: StepStatus['state']): boolean =>
  (status?.steps ?? []).some((each) => each.name === step && each.state === state);

const untilStep = (ground: Ground, name: string, step: string, state: StepStatus['state']) =>
  untilWorkflow(ground, name, `${step} ${state}`, (workflow) => isAt(workflow, step, state));

/** One whose name begins so waits at a step. */
const untilRunning = (ground: Ground, prefix: string, step: string) =>
  eventually(
    `${prefix}... waits at ${step}`,
    PATIENCE_S,
    () => Promise.resolve(workflowsOf(ground)),
    (all) => all.some((each) => each.metadata.name.startsWith(prefix) && isAt(each, step, 'Verifying')),
  );

const untilSchedule = ({ seen }: Ground, field: string) =>
  eventually(
    `the schedule has ${field}`,
    PATIENCE_S,
    () => Promise.resolve(seen.now('scheduledworkflows')),
    (all) => all.some(({ status }) => (status as Record<string, unknown> | undefined)?.[field] !== undefined),
  );

async function approve(ground: Ground, name: string, step: string): Promise<void> {
  await untilStep(ground, name, step, 'Verifying');
  const approvals = [{ step, user: 'somebody', decision: 'Approve' }];
  await ground.bed.patch('Workflow', name, { spec: { approvals } }, V);
}

/** Two want the same: one after the other has it. */
export function contend(ground: Ground, name: string): Scenario {
  const { bed } = ground;
  const rivals = [`${name}-a`, `${name}-b`];
  const target = deployment(`${name}-target`);
  return {
    prepare: async () => {
      await makeRunner(bed);
      await bed.create(workload('Deployment', target.name, { replicas: 1 }));
    },
    act: async () => {
      await bed.createAll(
        ...rivals.map((rival) =>
          workflow(rival, {
            steps: [
              { name: 'up', scale: { target, replicas: 2 }, timeout: LONG },
              { name: 'down', dependsOn: ['up'], scale: { target, replicas: 1 }, timeout: LONG },
            ],
          }),
        ),
      );
      for (const rival of rivals) await untilOver(ground, rival);
    },
    laws: () => [
      became('deployments', target.name, 'replicas', replicas, [2, 1, 2, 1]),
      ...rivals.map((rival) => carriedOut(rival, 'Succeeded', { up: ['Succeeded'], down: ['Succeeded'] })),
      ...lawsOfAll(rivals),
    ],
  };
}

/** A person ends it while a Job and another workflow run, which end first; then what was done is undone. */
export function cancel(ground: Ground, name: string): Scenario {
  const { bed } = ground;
  const target = deployment(`${name}-target`);
  const endless = { job: { template: { template: podTemplate({}, { ...NOWHERE, restartPolicy: 'Never' }) } } };
  const asks = { name: 'asks', dependsOn: ['set'], approval: {} };
  return {
    prepare: async () => {
      await makeRunner(bed);
      await bed.createAll(
        workload('Deployment', target.name, { replicas: 1 }),
        configMap(`${name}-child`),
        template(`${name}-child`, [{ name: 'set', ...setMode(`${name}-child`, 'night') }, asks]),
      );
    },
    act: async () => {
      await bed.create(
        workflow(name, {
          steps: [
            { name: 'scale', scale: { target, replicas: 2 }, timeout: LONG },
            { name: 'job', ...endless, timeout: LONG },
            { name: 'child', workflow: { template: `${name}-child` }, timeout: LONG },
          ],
        }),
      );
      await untilRunning(ground, `${name}-child-`, 'asks');
      await untilStep(ground, name, 'scale', 'Succeeded');
      await untilStep(ground, name, 'job', 'Applying');
      await bed.patch('Workflow', name, { spec: { cancel: 'StopAndRollback' } }, V);
      await untilOver(ground, name);
    },
    laws: () => [
      made('jobs', `${name}-job-`, 1),
      made('workflows', `${name}-child-`, 1),
      became('configmaps', `${name}-child`, 'mode', mode, ['night', 'day']),
      became('deployments', target.name, 'replicas', replicas, [2, 1]),
      carriedOut(name, 'RolledBack', { scale: ['Compensated'], job: ['Failed'], child: ['Failed'] }),
      ({ versions }) => (isThere(versions, 'jobs', `${name}-job-`) ? [`the Job of ${name} is still there`] : []),
      ...lawsOfAll([name]),
    ],
  };
}

/** One that was due while nobody was there is started, once. */
export function recur(ground: Ground, name: string): Scenario {
  const { bed } = ground;
  return {
    prepare: async () => {
      await makeRunner(bed);
      await bed.createAll(configMap(name), template(name, [{ name: 'set', ...setMode(name, 'night') }]));
    },
    act: async () => {
      await bed.create({
        apiVersion: V,
        kind: 'ScheduledWorkflow',
        metadata: { name },
        spec: { schedule: '0 3 * * *', timeZone: 'UTC', template: name, serviceAccountName: RUNNER },
      });
      await untilSchedule(ground, 'next');
      const lastScheduleTime = new Date(Date.now() - 2 * DAY_MS).toISOString();
      const path = `/apis/${V}/namespaces/${bed.namespace}/scheduledworkflows/${name}/status`;
      accept(await bed.api.call('PATCH', path, { body: { status: { lastScheduleTime } } }));
      await untilSchedule(ground, 'lastSuccessfulTime');
    },
    laws: () => [
      made('workflows', `${name}-`, 1),
      became('configmaps', name, 'mode', mode, ['night']),
      ...lawsOfAll([]),
    ],
  };
}
