// Fake nodes, and KWOK, which plays them and the pods on them.
import { type ApiAccess, apply, call } from './api.ts';
import { kwokConfig } from './binaries.ts';
import type { ComponentSpec } from './component.ts';
import { answersOk } from './control-plane.ts';

export interface KwokPlan {
  readonly binary: string;
  readonly kubeconfig: string;
  readonly port: number;
  readonly fakePods: string;
  /** It plays the nodes' kubelets too, which metrics-server reads. */
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly flags: readonly string[];
}

export function kwok(plan: KwokPlan): ComponentSpec {
  return {
    name: 'kwok',
    command: plan.binary,
    args: [
      `--kubeconfig=${plan.kubeconfig}`,
      `--config=${kwokConfig(plan.binary)}`,
      '--manage-all-nodes=false',
      '--manage-nodes-with-label-selector=type=kwok',
      '--node-lease-duration-seconds=40',
      `--cidr=${plan.fakePods}`,
      `--node-ip=127.0.0.1`,
      `--node-port=${plan.port}`,
      `--server-address=127.0.0.1:${plan.port}`,
      `--tls-cert-file=${plan.certificateFile}`,
      `--tls-private-key-file=${plan.keyFile}`,
      ...plan.flags,
    ],
    ready: () => answersOk(`http://127.0.0.1:${plan.port}/healthz`),
  };
}

/** Room for 1,000 Deployments of 10 pods on 20 nodes, twice over. With a real node beside them they are tainted. */
export function fakeNode(index: number, tainted: boolean) {
  const name = `fake-${index}`;
  const resources = { cpu: '256', memory: '1Ti', 'ephemeral-storage': '1Ti', pods: '1000' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      // All fake nodes share one address and port; metrics-server tells them apart by the path.
      annotations: { 'metrics.k8s.io/resource-metrics-path': `/metrics/nodes/${name}/metrics/resource` },
      labels: {
        type: 'kwok',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node.kubernetes.io/instance-type': 'fake',
        'topology.kubernetes.io/region': 'fake',
        'topology.kubernetes.io/zone': `zone-${'abc'[index % 3]}`,
      },
    },
    ...(tainted ? { spec: { taints: [{ key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' }] } } : {}),
    status: { capacity: resources, allocatable: resources },
  };
}

export async function createFakeNodes(access: ApiAccess, count: number, tainted: boolean): Promise<void> {
  const nodes = Array.from({ length: count }, (_, index) => fakeNode(index, tainted));
  for (const node of nodes) {
    // Capacity is status: it is kept on creation only, and dropped when the object is there already.
    const answer = await call(access, { method: 'POST', path: '/api/v1/nodes', body: node });
    if (answer.status === 409)
      await apply(access, `/api/v1/nodes/${node.metadata.name}`, { ...node, status: undefined });
    else if (answer.status >= 300) throw new Error(`node ${node.metadata.name}: ${answer.status} ${answer.body}`);
  }
}

/** How many nodes have the condition Ready. */
export async function readyNodes(access: ApiAccess): Promise<number> {
  const answer = await call(access, { path: '/api/v1/nodes' });
  const list = JSON.parse(answer.body) as { items: { status?: { conditions?: { type: string; status: string }[] } }[] };
  return list.items.filter((node) =>
    node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
  ).length;
}
