import type { StepStatus } from '../../../src/api/kinds.ts';
import { pair } from '../../../test/cluster/operator/support/failover.ts';
import { type Obj, osvc, podTemplate, workload } from '../../../test/cluster/operator/support/objects.ts';
import { type Law, onePrimary } from '../laws.ts';
import { askedOnce, became, carriedOut, made } from './laws.ts';
import type { Outside } from './requests.ts';

/** What a case is about: names that no other has, and how it is to end. */
export interface Setting {
  /** The workflow, and what the names of all its things begin with. */
  readonly name: string;
  readonly outside: Outside;
  /** A last step fails, so that all is undone. */
  readonly isUndone: boolean;
}

/** A kind of step: what it acts on, and what must have come of it. */
export interface Case {
  /** What is there before. */
  readonly objects?: (setting: Setting) => readonly Obj[];
  readonly step: (setting: Setting) => object;
  /** Where it is not undone by itself. */
  readonly compensate?: (setting: Setting) => object;
  /** Besides Succeeded, and Compensated where it is undone. */
  readonly states?: readonly StepStatus['state'][];
  readonly laws: (setting: Setting) => readonly Law[];
}

const V = 'baton.dev/v1alpha1';
export const deployment = (name: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', name });
const object = (apiVersion: string, kind: string, name: string, more: object): Obj => ({
  apiVersion,
  kind,
  metadata: { name },
  ...more,
});
export const configMap = (name: string): Obj => object('v1', 'ConfigMap', name, { data: { mode: 'day' } });
export const setMode = (name: string, mode: string) => ({
  patch: { target: { apiVersion: 'v1', kind: 'ConfigMap', name }, patch: JSON.stringify({ data: { mode } }) },
});
export const template = (name: string, steps: readonly object[]): Obj =>
  object(V, 'WorkflowTemplate', name, { spec: { steps } });

export const replicas = ({ spec }: Obj): unknown => (spec as { replicas?: number }).replicas;
export const mode = ({ data }: Obj): unknown => (data as { mode?: string }).mode;
const restartedAt = ({ spec }: Obj): unknown =>
  (spec as { template: { metadata: { annotations?: Record<string, string> } } }).template.metadata.annotations?.[
    'kubectl.kubernetes.io/restartedAt'
  ];

/** What waits changes nothing; what follows from its success is undone by an action of its own. */
const waiting = (name: string, step: Case['step'], objects: NonNullable<Case['objects']> = () => []): Case => ({
  objects: (setting) => [configMap(`${setting.name}-${name}`), ...objects(setting)],
  step,
  compensate: (setting) => setMode(`${setting.name}-${name}`, 'undone'),
  laws: (setting) => [
    became('configmaps', `${setting.name}-${name}`, 'mode', mode, setting.isUndone ? ['undone'] : []),
  ],
});

const jobOf = (): object => ({ job: { template: { template: { spec: { ...pod(), restartPolicy: 'Never' } } } } });
const pod = (): object => (podTemplate({}) as { spec: object }).spec;

const post = ({ outside }: Setting, path: string, more: object = {}): object => ({
  http: { url: outside.url(path), method: 'POST', ...more },
});

export const CASES = {
  scale: {
    objects: ({ name }) => [workload('Deployment', `${name}-scale`, { replicas: 1 })],
    step: ({ name }) => ({ scale: { target: deployment(`${name}-scale`), replicas: 3 } }),
    laws: ({ name, isUndone }) => [
      became('deployments', `${name}-scale`, 'replicas', replicas, isUndone ? [3, 1] : [3]),
    ],
  },
  /** Of a kind that is written through its scale: two writes. */
  subresource: {
    objects: ({ name }) => [
      object('v1', 'ReplicationController', `${name}-rc`, {
        spec: { replicas: 1, selector: { app: `${name}-rc` }, template: podTemplate({ app: `${name}-rc` }) },
      }),
    ],
    step: ({ name }) => ({
      scale: { target: { apiVersion: 'v1', kind: 'ReplicationController', name: `${name}-rc` }, replicas: 3 },
    }),
    laws: ({ name, isUndone }) => [
      became('replicationcontrollers', `${name}-rc`, 'replicas', replicas, isUndone ? [3, 1] : [3]),
    ],
  },
  restart: {
    objects: ({ name }) => [workload('Deployment', `${name}-restart`, { replicas: 1 })],
    step: ({ name }) => ({ restart: { target: deployment(`${name}-restart`) } }),
    compensate: ({ name }) => ({ restart: { target: deployment(`${name}-restart`) } }),
    laws: ({ name, isUndone }) => [restarted(`${name}-restart`, isUndone ? 2 : 1)],
  },
  patch: {
    objects: ({ name }) => [configMap(`${name}-patch`)],
    step: ({ name }) => setMode(`${name}-patch`, 'night'),
    laws: ({ name, isUndone }) => [
      became('configmaps', `${name}-patch`, 'mode', mode, isUndone ? ['night', 'day'] : ['night']),
    ],
  },
  job: {
    step: jobOf,
    compensate: jobOf,
    laws: ({ name, isUndone }) => [made('jobs', `${name}-job-`, isUndone ? 2 : 1)],
  },
  wait: waiting(
    'wait',
    ({ name }) => ({ wait: { target: deployment(`${name}-waited`), condition: 'Available' } }),
    ({ name }) => [workload('Deployment', `${name}-waited`, { replicas: 1 })],
  ),
  health: waiting(
    'health',
    ({ name }) => ({ health: { service: `${name}-well`, atLeast: 'Healthy', for: '1s' } }),
    ({ name }) => [workload('Deployment', `${name}-well`, { replicas: 1 }), osvc(`${name}-well`)],
  ),
  approval: waiting('approval', () => ({ approval: {} })),
  http: {
    step: (setting) => post(setting, `/${setting.name}`, { idempotent: true }),
    compensate: (setting) => post(setting, `/${setting.name}-undo`, { idempotent: true }),
    laws: (setting) => asked(setting, 'http', `/${setting.name}`, true),
  },
  /** Not to be sent twice, so that nobody may know whether it was. */
  once: {
    step: (setting) => ({ ...post(setting, `/${setting.name}-once`), continueOn: ['Unknown'] }),
    compensate: (setting) => post(setting, `/${setting.name}-once-undo`, { idempotent: true }),
    states: ['Unknown'],
    laws: (setting) => asked(setting, 'once', `/${setting.name}-once`, false),
  },
  failover: {
    objects: ({ name }) => pair(`${name}-moved`, { primary: 1, standby: 1, failover: { fencing: 'None' } }),
    step: ({ name }) => ({ failover: { service: `${name}-moved`, to: 'Standby' } }),
    laws: ({ name, isUndone }) => [
      onePrimary({
        name: `${name}-moved`,
        sides: [`${name}-moved`, `${name}-moved-standby`],
        isFenced: false,
        switches: isUndone ? 2 : 1,
        replicas: [1, 1],
      }),
    ],
  },
  /** Made from a template, and another where it is undone. */
  child: {
    objects: ({ name }) => [
      configMap(`${name}-child`),
      template(`${name}-child`, [{ name: 'set', ...setMode(`${name}-child`, 'night') }]),
      template(`${name}-back`, [{ name: 'set', ...setMode(`${name}-child`, 'day') }]),
    ],
    step: ({ name }) => ({ workflow: { template: `${name}-child` } }),
    compensate: ({ name }) => ({ workflow: { template: `${name}-back` } }),
    laws: ({ name, isUndone }) => [
      made('workflows', `${name}-child-`, isUndone ? 2 : 1),
      became('configmaps', `${name}-child`, 'mode', mode, isUndone ? ['night', 'day'] : ['night']),
    ],
  },
  /** Lets one go that is suspended. */
  named: {
    objects: ({ name }) => [
      configMap(`${name}-named`),
      configMap(`${name}-other`),
      object(V, 'Workflow', `${name}-named`, {
        spec: {
          suspend: true,
          serviceAccountName: 'runner',
          steps: [{ name: 'set', ...setMode(`${name}-named`, 'night') }],
        },
      }),
    ],
    step: ({ name }) => ({ workflow: { name: `${name}-named` } }),
    // What it writes to itself the other could not have.
    compensate: ({ name }) => setMode(`${name}-other`, 'undone'),
    laws: ({ name, isUndone }) => [
      carriedOut(`${name}-named`, 'Succeeded', { set: ['Succeeded'] }),
      became('configmaps', `${name}-named`, 'mode', mode, ['night']),
      became('configmaps', `${name}-other`, 'mode', mode, isUndone ? ['undone'] : []),
    ],
  },
} as const satisfies Readonly<Record<string, Case>>;

const restarted =
  (name: string, times: number): Law =>
  (evidence) => {
    const seen = new Set(
      evidence.versions
        .filter((each) => each.kind === 'deployments' && each.name === name)
        .map(({ object: each }) => restartedAt(each)),
    );
    seen.delete(undefined);
    return seen.size === times ? [] : [`${name} was restarted ${seen.size} times, and not ${times}`];
  };

function asked({ name, outside, isUndone }: Setting, step: string, path: string, isIdempotent: boolean): Law[] {
  const undone = `${path}-undo`;
  return [
    askedOnce({ workflow: name, step, isIdempotent, keys: () => outside.keys(path) }),
    ...(isUndone ? [askedOnce({ workflow: name, step, isIdempotent: true, keys: () => outside.keys(undone) })] : []),
  ];
}

export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as readonly CaseName[];
