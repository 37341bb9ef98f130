import type { OrchestratedService } from '../../../../src/api/kinds.ts';
import { eventually } from '../../support/eventually.ts';
import { accept, type Bed } from './bed.ts';
import { type Obj, osvc, workload } from './objects.ts';

export const PRIMARY = { role: 'primary' };
export const STANDBY = { role: 'standby' };

/** A Service of Kubernetes with that selector. */
export const kubeService = (name: string, selector: Record<string, string>): Obj => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector, ports: [{ port: 80 }] },
});

export const failoverSpec = (name: string, more: object = {}): object => ({
  standbyRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-standby` },
  serviceName: name,
  selectors: { primary: { app: name, ...PRIMARY }, standby: { app: `${name}-standby`, ...STANDBY } },
  after: '1s',
  ...more,
});

export interface Pair {
  readonly primary?: number;
  readonly standby?: number;
  readonly failover?: object;
  /** Merged into the spec of the OrchestratedService. */
  readonly spec?: Record<string, unknown>;
}

/** A primary and a standby, the Service between them, and the OrchestratedService `name` that looks after them. */
export function pair(name: string, { primary = 2, standby = 2, failover = {}, spec = {} }: Pair = {}): Obj[] {
  return [
    workload('Deployment', name, { replicas: primary, labels: { app: name, ...PRIMARY } }),
    workload('Deployment', `${name}-standby`, { replicas: standby, labels: { app: `${name}-standby`, ...STANDBY } }),
    kubeService(name, { app: name, ...PRIMARY }),
    osvc(name, { failover: failoverSpec(name, failover), ...spec }),
  ];
}

/** As kubelets tell it of all pods of a workload. */
export async function setAllReady(bed: Bed, app: string, ready: boolean): Promise<void> {
  await Promise.all((await bed.pods(app)).map((pod) => bed.setReady(pod, ready)));
}

export const selectorOf = async (bed: Bed, name: string): Promise<Record<string, string>> =>
  (await bed.get<Obj & { spec: { selector: Record<string, string> } }>('Service', name, 'v1')).spec.selector;

export const replicasOf = async (bed: Bed, name: string): Promise<number> =>
  (await bed.get<Obj & { spec: { replicas: number } }>('Deployment', name)).spec.replicas;

export const annotationOf = async (bed: Bed, name: string, annotation: string): Promise<string | undefined> =>
  ((await bed.get('Deployment', name)).metadata['annotations'] as Record<string, string> | undefined)?.[annotation];

/** Names of the pods behind the Service, as its EndpointSlices have them. */
export async function endpointsOf(bed: Bed, name: string): Promise<string[]> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${bed.namespace}/endpointslices`;
  const query = { labelSelector: `kubernetes.io/service-name=${name}` };
  const items = accept(await bed.api.call('GET', path, { query })).body['items'] as {
    endpoints?: { conditions: { ready?: boolean }; targetRef?: { name: string } }[];
  }[];
  return items
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions.ready !== false)
    .map(({ targetRef }) => targetRef?.name ?? '')
    .sort();
}

export const inState = (bed: Bed, name: string, state: string, active?: string): Promise<OrchestratedService> =>
  bed.until(name, `${state} ${active ?? ''}`, ({ status }) => {
    const { failover } = status ?? {};
    return failover?.state === state && (active === undefined || failover.active === active);
  });

/** Until the Service has had this selector. */
export const selecting = (bed: Bed, name: string, role: string): Promise<unknown> =>
  eventually(
    `Service ${name} selects ${role}`,
    30,
    () => selectorOf(bed, name),
    (seen) => seen['role'] === role,
  );
