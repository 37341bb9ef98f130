// The real metrics-server, as a process on the host. It reads the kubelets: the real node's, and the one that KWOK plays
// (a fake pod uses what its annotations kwok.x-k8s.io/usage-cpu and usage-memory say, else 1m and 1Mi).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiAccess, apply, call } from './api.ts';
import { issueCertificate } from './certificates.ts';
import type { ComponentSpec } from './component.ts';
import { answersOk } from './control-plane.ts';
import type { Credentials } from './credentials.ts';

export interface MetricsServerPlan {
  readonly dir: string;
  readonly binary: string;
  readonly kubeconfig: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly access: ApiAccess;
}

const serviceName = 'metrics-server.kube-system.svc';

export function metricsServer(plan: MetricsServerPlan): ComponentSpec {
  const hosts = ['localhost', '127.0.0.1', serviceName];
  const pair = issueCertificate(plan.credentials.authority, { commonName: serviceName, usage: 'server', hosts });
  const certificate = join(plan.dir, 'pki/metrics-server.crt');
  const key = join(plan.dir, 'pki/metrics-server.key');
  writeFileSync(certificate, pair.certificate);
  writeFileSync(key, pair.privateKey, { mode: 0o600 });
  return {
    name: 'metrics-server',
    command: plan.binary,
    args: [
      `--kubeconfig=${plan.kubeconfig}`,
      `--authentication-kubeconfig=${plan.kubeconfig}`,
      `--authorization-kubeconfig=${plan.kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${plan.port}`,
      `--tls-cert-file=${certificate}`,
      `--tls-private-key-file=${key}`,
      `--kubelet-certificate-authority=${plan.credentials.file('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-use-node-status-port',
      '--metric-resolution=10s',
      '--kubelet-request-timeout=5s',
    ],
    ready: () => answersOk(`https://127.0.0.1:${plan.port}/livez`, plan.access.caCertificate),
  };
}

export interface MetricsApiServer {
  /** Of the Service in kube-system by which the API server reaches it. */
  readonly name: string;
  readonly port: number;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  readonly groups: readonly string[];
}

/** The API server reaches it by name: a Service without pods of its own may not have a loopback address as endpoint. */
export async function registerMetricsApis(
  access: ApiAccess,
  { name, port, ca, groups }: MetricsApiServer,
): Promise<void> {
  await apply(access, `/api/v1/namespaces/kube-system/services/${name}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'kube-system' },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port }] },
  });
  for (const group of groups) {
    await apply(access, `/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.${group}`, {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1beta1.${group}` },
      spec: {
        service: { name, namespace: 'kube-system', port },
        group,
        version: 'v1beta1',
        caBundle: Buffer.from(ca).toString('base64'),
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    });
  }
}

/** True once it has read a node twice, which a rate takes. */
export async function hasNodeMetrics(access: ApiAccess): Promise<boolean> {
  const answer = await call(access, { path: '/apis/metrics.k8s.io/v1beta1/nodes' });
  if (answer.status !== 200) throw new Error(`metrics.k8s.io answers ${answer.status}`);
  return (JSON.parse(answer.body) as { items: unknown[] }).items.length > 0;
}
