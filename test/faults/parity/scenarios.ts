/** What is in force during one step. */
export interface Step {
  /** Thousandths of cores that the pods share. */
  readonly load?: number;
  /** Thousandths of cores of every pod, however many there are. */
  readonly each?: number;
  /** MiB of every pod. */
  readonly memory?: number;
  /** Thousandths of cores of the container proxy of every pod, where there is one. */
  readonly proxy?: number;
  /** The youngest so many pods have no figure. */
  readonly missing?: number;
  /** External figures; `fails` for one that cannot be read. */
  readonly queue?: number | 'fails';
  readonly delay?: number | 'fails';
  /** The youngest so many pods become unready, fail, or hang in their deletion, when the step begins. */
  readonly unready?: number;
  readonly failed?: number;
  readonly hanging?: number;
}

export type Target =
  | { readonly cpu: number }
  | { readonly cpuAverage: string }
  /** Of the container main alone. */
  | { readonly mainCpu: number }
  | { readonly mainCpuAverage: string }
  | { readonly memory: number }
  | { readonly memoryAverage: string }
  /** A total that the pods share. */
  | { readonly queue: number }
  /** A figure that is compared as it is. */
  | { readonly delay: number };

interface Policy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodSeconds: number;
}

interface Direction {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled';
  readonly policies?: readonly Policy[];
  readonly tolerance?: string;
}

export interface Scenario {
  readonly name: string;
  readonly replicas?: number;
  readonly min?: number;
  readonly max?: number;
  readonly targets: readonly Target[];
  readonly up?: Direction;
  readonly down?: Direction;
  /** Nothing is said of behavior: what the autoscaler and Baton do then. */
  readonly plain?: boolean;
  /** At most one pod on each of the three nodes: what is more stays pending. */
  readonly apart?: boolean;
  /** A container proxy beside main, with half a core: an ordinary one, or an init container that is always restarted. */
  readonly proxy?: 'Container' | 'Sidecar';
  /** The pod as a whole requests two cores, and main requests nothing where there is no proxy. */
  readonly whole?: boolean;
  readonly steps: readonly Step[];
}

const pods = (value: number, periodSeconds: number): Policy => ({ type: 'Pods', value, periodSeconds });
const percent = (value: number, periodSeconds: number): Policy => ({ type: 'Percent', value, periodSeconds });
const cpu = [{ cpu: 50 }] as const;
const queue = [{ queue: 10 }] as const;
const delay = [{ delay: 100 }] as const;

const loads = (...each: number[]): Step[] => each.map((load) => ({ load }));
const queues = (...each: (number | 'fails')[]): Step[] => each.map((length) => ({ queue: length }));
const delays = (...each: (number | 'fails')[]): Step[] => each.map((figure) => ({ delay: figure }));

/** Each pod requests one core and 100 MiB; each scenario begins with two pods unless it says otherwise. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'cpu up and down', targets: cpu, steps: loads(900, 2_300, 3_100, 1_600, 700, 300) },
  { name: 'cpu within the tolerance', targets: cpu, steps: loads(1_000, 1_090, 1_100, 910, 905, 1_040) },
  { name: 'cpu just outside the tolerance', targets: cpu, steps: loads(1_000, 1_130, 1_480, 1_200, 890, 1_000) },
  { name: 'cpu to the most', max: 5, targets: cpu, steps: loads(1_000, 9_000, 9_000, 2_300, 9_000, 900) },
  { name: 'cpu to the least', min: 2, replicas: 5, targets: cpu, steps: loads(2_300, 300, 300, 1_900, 100, 900) },
  {
    name: 'cpu from above the most',
    replicas: 9,
    max: 6,
    targets: cpu,
    steps: loads(2_800, 2_800, 1_300, 900, 2_200, 2_200),
  },
  {
    name: 'cpu from below the least',
    replicas: 1,
    min: 3,
    targets: cpu,
    steps: loads(1_300, 1_300, 2_200, 2_900, 900, 900),
  },
  {
    name: 'cpu the same of every pod, rising',
    max: 7,
    targets: cpu,
    steps: [{ each: 520 }, { each: 700 }, { each: 500 }, { each: 560 }, { each: 100 }, { each: 530 }],
  },
  {
    name: 'cpu of a target above 100 %',
    targets: [{ cpu: 150 }],
    steps: loads(2_900, 6_300, 6_300, 3_500, 1_300, 2_900),
  },
  { name: 'cpu as a mean', targets: [{ cpuAverage: '300m' }], steps: loads(620, 1_400, 2_500, 1_100, 200, 700) },
  {
    name: 'cpu as a mean with odd figures',
    targets: [{ cpuAverage: '123m' }],
    steps: loads(251, 777, 1_013, 511, 97, 333),
  },
  {
    name: 'cpu of pods with a sidecar',
    proxy: 'Sidecar',
    targets: cpu,
    steps: [
      { load: 1_300, proxy: 100 },
      { load: 2_300, proxy: 400 },
      { load: 2_300, proxy: 100 },
      { load: 400, proxy: 500 },
      { load: 400, proxy: 20 },
      { load: 3_100, proxy: 300 },
    ],
  },
  {
    name: 'cpu of one container, whatever the other uses',
    proxy: 'Container',
    targets: [{ mainCpu: 50 }],
    steps: [
      { load: 1_000, proxy: 3_000 },
      { load: 2_300, proxy: 0 },
      { load: 2_300, proxy: 900 },
      { load: 700, proxy: 2_000 },
      { load: 1_600, proxy: 10 },
      { load: 300, proxy: 700 },
    ],
  },
  {
    name: 'cpu of one container as a mean, without figures of some pods',
    proxy: 'Sidecar',
    replicas: 4,
    targets: [{ mainCpuAverage: '400m' }],
    steps: [
      { load: 1_600, proxy: 300 },
      { load: 700, proxy: 900, missing: 1 },
      { load: 700, proxy: 900 },
      { load: 3_100, proxy: 0, missing: 1 },
      { load: 3_100, proxy: 50 },
      { load: 500, proxy: 500 },
    ],
  },
  {
    name: 'cpu of pods that request as a whole, and their containers nothing',
    whole: true,
    targets: cpu,
    steps: loads(2_000, 4_600, 6_100, 3_100, 1_300, 600),
  },
  {
    name: 'cpu of pods that request more as a whole than their containers',
    whole: true,
    proxy: 'Container',
    targets: cpu,
    steps: [
      { load: 1_400, proxy: 300 },
      { load: 3_800, proxy: 200 },
      { load: 5_100, proxy: 100 },
      { load: 1_000, proxy: 900 },
      { load: 1_000, proxy: 100 },
      { load: 300, proxy: 50 },
    ],
  },
  {
    name: 'cpu of one container of pods that request as a whole',
    whole: true,
    proxy: 'Container',
    targets: [{ mainCpu: 50 }],
    steps: [
      { load: 1_000, proxy: 2_000 },
      { load: 2_300, proxy: 0 },
      { load: 3_100, proxy: 900 },
      { load: 1_600, proxy: 2_000 },
      { load: 700, proxy: 10 },
      { load: 300, proxy: 700 },
    ],
  },
  {
    name: 'memory of the requests',
    targets: [{ memory: 80 }],
    max: 6,
    steps: [{ memory: 82 }, { memory: 130 }, { memory: 78 }, { memory: 30 }, { memory: 79 }, { memory: 150 }],
  },
  {
    name: 'memory as a mean',
    targets: [{ memoryAverage: '60Mi' }],
    max: 6,
    steps: [{ memory: 61 }, { memory: 95 }, { memory: 60 }, { memory: 20 }, { memory: 62 }, { memory: 90 }],
  },
  {
    name: 'no figure of one pod, going up',
    targets: cpu,
    steps: [
      { load: 1_000 },
      { load: 2_600, missing: 1 },
      { load: 2_600 },
      { load: 3_900, missing: 2 },
      { load: 1_500 },
      { load: 1_500 },
    ],
  },
  {
    name: 'no figure of one pod, going down',
    replicas: 5,
    targets: cpu,
    steps: [
      { load: 2_500 },
      { load: 900, missing: 1 },
      { load: 900, missing: 2 },
      { load: 900 },
      { load: 400, missing: 1 },
      { load: 400 },
    ],
  },
  {
    name: 'no figure of any pod',
    replicas: 3,
    targets: cpu,
    steps: [
      { load: 1_500 },
      { load: 300, missing: 99 },
      { load: 300 },
      { load: 4_000, missing: 99 },
      { load: 4_000 },
      { load: 1_000 },
    ],
  },
  {
    name: 'no figure of a pod turns the direction',
    replicas: 4,
    targets: [{ cpu: 60 }],
    steps: [
      { load: 2_400 },
      { each: 700, missing: 2 },
      { each: 690, missing: 3 },
      { each: 500, missing: 2 },
      { each: 590 },
      { each: 300, missing: 1 },
    ],
  },
  {
    name: 'mean without a figure of one pod',
    replicas: 4,
    targets: [{ cpuAverage: '500m' }],
    steps: [
      { load: 2_000 },
      { load: 1_100, missing: 1 },
      { load: 1_100 },
      { load: 2_900, missing: 1 },
      { load: 2_900 },
      { load: 500 },
    ],
  },
  {
    name: 'pods that are not ready, going up',
    replicas: 4,
    targets: cpu,
    steps: [
      { load: 2_000 },
      // The load stays meanwhile: who looks between the two would be right to scale.
      { load: 2_000, unready: 2 },
      { load: 2_900 },
      { load: 3_600 },
      { load: 1_000 },
      { load: 2_300 },
    ],
  },
  {
    name: 'pods that are not ready, going down',
    replicas: 5,
    targets: cpu,
    steps: [
      { load: 2_500 },
      { load: 2_500, unready: 1 },
      { load: 1_500 },
      { load: 700 },
      { load: 1_400 },
      { load: 300 },
    ],
  },
  {
    name: 'pods that failed',
    replicas: 3,
    min: 3,
    targets: cpu,
    steps: [{ load: 1_500 }, { each: 500, failed: 2 }, { each: 650 }, { each: 500 }, { each: 150 }, { each: 500 }],
  },
  {
    name: 'pods that hang in their deletion',
    replicas: 3,
    min: 3,
    targets: cpu,
    steps: [{ each: 500 }, { each: 500, hanging: 2 }, { each: 650 }, { each: 500 }, { each: 150 }, { each: 500 }],
  },
  {
    name: 'pods without a place',
    replicas: 3,
    apart: true,
    max: 8,
    targets: cpu,
    steps: [{ load: 1_500 }, { each: 800 }, { each: 800 }, { each: 500 }, { each: 200 }, { each: 500 }],
  },
  { name: 'a total for each pod', targets: queue, steps: queues(20, 47, 93, 55, 11, 36) },
  { name: 'a total within the tolerance', replicas: 4, targets: queue, steps: queues(40, 43, 36.5, 44, 45, 41) },
  { name: 'a fractional total', targets: [{ queue: 0.3 }], steps: queues(0.6, 1.45, 2.2, 0.95, 0.2, 0.7) },
  { name: 'a total far beyond the most', max: 6, targets: queue, steps: queues(20, 5_000, 30, 100_000, 10, 25) },
  { name: 'a total that cannot be read', targets: queue, steps: queues(35, 'fails', 12, 'fails', 68, 'fails') },
  { name: 'a figure as it is', min: 2, max: 4, targets: delay, steps: delays(100, 160, 100, 40, 100, 99) },
  { name: 'a figure within the tolerance', replicas: 3, targets: delay, steps: delays(100, 109, 91, 110, 100, 90) },
  { name: 'a figure that keeps asking for more', max: 7, targets: delay, steps: delays(100, 130, 100, 80, 100, 150) },
  { name: 'asleep by a total', min: 0, targets: queue, steps: queues(12, 0, 7, 38, 0, 1) },
  { name: 'asleep by a figure', min: 0, max: 4, targets: delay, steps: delays(100, 0, 90, 100, 0, 250) },
  {
    name: 'asleep beside cpu',
    min: 0,
    targets: [{ cpu: 50 }, { queue: 10 }],
    steps: [
      { load: 100, queue: 15 },
      { load: 0, queue: 0 },
      { load: 0, queue: 24 },
      { load: 1_900, queue: 24 },
      { load: 100, queue: 31 },
      { load: 100, queue: 8 },
    ],
  },
  {
    name: 'several, the highest wins',
    targets: [{ cpu: 50 }, { queue: 10 }],
    steps: [
      { load: 1_000, queue: 8 },
      { load: 900, queue: 55 },
      { load: 3_300, queue: 20 },
      { load: 400, queue: 31 },
      { load: 400, queue: 5 },
      { load: 1_700, queue: 5 },
    ],
  },
  {
    name: 'several, one cannot be read',
    targets: [{ cpu: 50 }, { queue: 10 }],
    steps: [
      { load: 1_000, queue: 20 },
      { load: 2_400, queue: 'fails' },
      { load: 400, queue: 'fails' },
      { load: 400, queue: 33 },
      { load: 400, queue: 'fails' },
      { load: 400, queue: 8 },
    ],
  },
  {
    name: 'several, the other cannot be read',
    targets: [{ queue: 10 }, { cpu: 50 }],
    steps: [
      { load: 1_000, queue: 20 },
      { each: 300, missing: 99, queue: 61 },
      { each: 300, missing: 99, queue: 12 },
      { each: 300, queue: 12 },
      { each: 100, queue: 42 },
      { each: 100, queue: 9 },
    ],
  },
  {
    name: 'three at once',
    targets: [{ cpu: 50 }, { queue: 10 }, { delay: 100 }],
    steps: [
      { load: 900, queue: 15, delay: 95 },
      { load: 900, queue: 65, delay: 50 },
      { load: 900, queue: 'fails', delay: 50 },
      { load: 900, queue: 30, delay: 'fails' },
      { load: 400, queue: 30, delay: 60 },
      { load: 400, queue: 5, delay: 30 },
    ],
  },
  {
    name: 'slow down',
    replicas: 6,
    targets: queue,
    down: { stabilizationWindowSeconds: 30 },
    steps: queues(60, 20, 20, 50, 50, 10),
  },
  { name: 'slow up', targets: queue, up: { stabilizationWindowSeconds: 30 }, steps: queues(20, 60, 60, 40, 80, 80) },
  {
    name: 'slow both ways',
    replicas: 5,
    targets: queue,
    up: { stabilizationWindowSeconds: 30 },
    down: { stabilizationWindowSeconds: 30 },
    steps: queues(50, 90, 20, 90, 90, 20),
  },
  {
    name: 'two pods a minute up',
    targets: queue,
    up: { policies: [pods(2, 50)] },
    steps: queues(20, 90, 90, 90, 30, 30),
  },
  {
    name: 'two pods in three seconds up',
    targets: queue,
    up: { policies: [pods(2, 3)] },
    // At no count on the way is it within the tolerance: whether one is passed by depends on how soon the pods of the one before are there.
    steps: queues(20, 70, 70, 90, 30, 90),
  },
  { name: 'half up', targets: queue, up: { policies: [percent(50, 50)] }, steps: queues(40, 90, 90, 90, 90, 30) },
  {
    name: 'one pod a minute down',
    replicas: 6,
    targets: queue,
    down: { stabilizationWindowSeconds: 0, policies: [pods(1, 50)] },
    steps: queues(60, 10, 10, 10, 10, 50),
  },
  {
    name: 'a third down',
    replicas: 9,
    targets: queue,
    down: { stabilizationWindowSeconds: 0, policies: [percent(30, 50)] },
    steps: queues(90, 10, 10, 90, 20, 20),
  },
  {
    name: 'the larger of two policies',
    targets: queue,
    up: { policies: [pods(1, 50), percent(200, 50)] },
    steps: queues(20, 90, 90, 90, 90, 20),
  },
  {
    name: 'the smaller of two policies',
    replicas: 4,
    targets: queue,
    up: { selectPolicy: 'Min', policies: [pods(3, 50), percent(50, 50)] },
    down: { stabilizationWindowSeconds: 0, selectPolicy: 'Min', policies: [pods(1, 50), percent(50, 50)] },
    steps: queues(40, 95, 95, 20, 20, 95),
  },
  { name: 'never down', targets: queue, down: { selectPolicy: 'Disabled' }, steps: queues(20, 60, 10, 10, 80, 10) },
  {
    name: 'never up',
    replicas: 6,
    targets: queue,
    up: { selectPolicy: 'Disabled' },
    steps: queues(60, 90, 30, 90, 90, 10),
  },
  { name: 'nothing said of behavior', plain: true, targets: queue, steps: queues(20, 60, 60, 90, 90, 95) },
  {
    name: 'a wide tolerance up',
    replicas: 4,
    targets: queue,
    up: { tolerance: '0.5' },
    steps: queues(40, 58, 62, 40, 50, 20),
  },
  {
    name: 'no tolerance down',
    replicas: 5,
    targets: queue,
    down: { stabilizationWindowSeconds: 0, tolerance: '0' },
    steps: queues(50, 49, 39, 41, 45, 29),
  },
];
