import { parseQuantity } from '../../api/quantity.ts';
import type { ContainerFacts, PodTemplateFacts, Resources, Sizes } from '../../domain/snapshot.ts';

interface RawResources {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}

interface RawContainer {
  name: string;
  ports?: { name?: string; containerPort: number }[];
  resources?: RawResources;
  restartPolicy?: string;
}

/** The part of a pod's spec that the pods of one owner have in common. */
export interface RawSpec {
  initContainers?: RawContainer[];
  containers?: RawContainer[];
  resources?: RawResources;
  overhead?: Record<string, string>;
}

/** What the pods of one owner have in common. */
export function templateFacts(spec: RawSpec, labels: Readonly<Record<string, string>>): PodTemplateFacts {
  // An init container that is always restarted is a sidecar: it runs as long as the others, and metrics.k8s.io counts it.
  const lasting = [...(spec.initContainers ?? []).filter(isSidecar), ...(spec.containers ?? [])];
  const containers = lasting.map(({ name, resources }): ContainerFacts => ({ name, ...sizesOf(resources) }));
  const podLevel = spec.resources && sizesOf(spec.resources);
  const summed = { requests: sum(containers, 'requests'), limits: sum(containers, 'limits') };
  const taken = takenBy(spec.initContainers ?? [], spec.containers ?? []);
  // Once a request is set for the pod, the containers need none of their own (kubernetes pkg/controller/podautoscaler, calculateRequests).
  const base = hasRequest(spec.resources) ? { ...taken, ...podLevel?.requests } : summed.requests;
  return {
    labels,
    ports: portsOf(lasting),
    requests: base,
    limits: { ...summed.limits, ...podLevel?.limits },
    reserved: plus({ ...taken, ...podLevel?.requests }, amounts(spec.overhead)),
    ...(podLevel && { podLevel }),
    containers,
  };
}

/** All that the facts follow from but the labels, in a text that costs less than the facts. */
export function outlineOf({ initContainers = [], containers = [], resources, overhead }: RawSpec): string {
  let text = JSON.stringify([resources, overhead]);
  for (const container of initContainers) text += `i${outline(container)}`;
  for (const container of containers) text += outline(container);
  return text;
}

const outline = ({ name, restartPolicy, resources, ports }: RawContainer): string =>
  `${name} ${restartPolicy}${JSON.stringify(resources)}${JSON.stringify(ports)}`;

const NAMES = ['cpu', 'memory'] as const;

const isSidecar = ({ restartPolicy }: RawContainer): boolean => restartPolicy === 'Always';

const hasRequest = (resources: RawResources | undefined): boolean =>
  Object.keys(resources?.requests ?? {}).some((name) => /^(cpu|memory|hugepages-.*)$/.test(name));

const sizesOf = (resources: RawResources | undefined): Sizes => ({
  requests: amounts(resources?.requests),
  limits: amounts(resources?.limits),
});

function amounts(quantities: Readonly<Record<string, string>> | undefined): Resources {
  const found: { cpu?: number; memory?: number } = {};
  for (const name of NAMES) {
    const amount = quantities?.[name] === undefined ? undefined : parseQuantity(quantities[name]);
    if (amount !== undefined) found[name] = amount;
  }
  return found;
}

/** Says something only of what every container has. */
function sum(containers: readonly ContainerFacts[], of: 'requests' | 'limits'): Resources {
  const known = NAMES.filter(
    (name) => containers.length > 0 && containers.every((each) => each[of][name] !== undefined),
  );
  const all = containers.map((each) => each[of]).reduce(plus, {});
  return Object.fromEntries(known.map((name) => [name, all[name]]));
}

/**
 * What the scheduler counts (kubernetes k8s.io/component-helpers/resource, AggregateContainerRequests): all that last together, or one init
 * container with the sidecars that began before it, whichever is more.
 */
function takenBy(init: readonly RawContainer[], containers: readonly RawContainer[]): Resources {
  let sidecars: Resources = {};
  let most: Resources = {};
  for (const container of init) {
    const own = amounts(container.resources?.requests);
    if (isSidecar(container)) sidecars = plus(sidecars, own);
    else most = larger(most, plus(sidecars, own));
  }
  const lasting = containers.map(({ resources }) => amounts(resources?.requests)).reduce(plus, sidecars);
  return larger(most, lasting);
}

const plus = (a: Resources, b: Resources): Resources => combined(a, b, (x, y) => x + y);
const larger = (a: Resources, b: Resources): Resources => combined(a, b, Math.max);

function combined(a: Resources, b: Resources, by: (x: number, y: number) => number): Resources {
  const cpu = a.cpu === undefined || b.cpu === undefined ? (a.cpu ?? b.cpu) : by(a.cpu, b.cpu);
  const memory = a.memory === undefined || b.memory === undefined ? (a.memory ?? b.memory) : by(a.memory, b.memory);
  return { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
}

function portsOf(containers: readonly RawContainer[]): Record<string, number> {
  const ports: Record<string, number> = {};
  for (const container of containers) {
    for (const port of container.ports ?? []) if (port.name) ports[port.name] = port.containerPort;
  }
  return ports;
}
