import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../hack/generate/deploy.ts';
import { helm, helmBinary } from '../../../hack/generate/helm.ts';
import { EVERYTHING, find, podSpec, render, settingsOf } from './rendered.ts';

let defaults: KubernetesObject[];
let everything: KubernetesObject[];

beforeAll(async () => {
  await helmBinary();
  [defaults, everything] = await Promise.all([render(), render(EVERYTHING)]);
}, 300_000);

const kinds = (objects: KubernetesObject[]) => [...new Set(objects.map((object) => object.kind))].sort();
const container = (objects: KubernetesObject[]) => {
  const first = podSpec(objects).containers[0];
  if (first === undefined) throw new Error('the pod has no container');
  return first;
};

describe('the chart', () => {
  it('passes helm lint --strict', async () => {
    expect(await helm('lint', '--strict', '--kube-version', '1.36', 'charts/baton')).toContain('0 chart(s) failed');
  });

  it('has the version of the project', async () => {
    const chart = parse(await readFile('charts/baton/Chart.yaml', 'utf8')) as Record<string, string>;
    const project = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(chart['appVersion']).toBe(project.version);
    expect(container(defaults).image).toBe(`baton:${project.version}`);
  });

  it('renders nothing but the operator by default, and each option when it is asked for', () => {
    const always = ['ClusterRole', 'ClusterRoleBinding', 'ConfigMap', 'CustomResourceDefinition', 'Deployment'];
    always.push('Role', 'RoleBinding', 'Service', 'ServiceAccount');
    always.push('ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding');
    expect(kinds(defaults)).toEqual(always);
    const options = ['NetworkPolicy', 'PodDisruptionBudget', 'PrometheusRule', 'ServiceMonitor'];
    expect(kinds(everything)).toEqual([...always, ...options].sort());
  });

  it('carries the CRDs as they are, and keeps them when the release goes', async () => {
    for (const file of await readdir('crds')) {
      const source = parse(await readFile(`crds/${file}`, 'utf8')) as KubernetesObject;
      const rendered = find(defaults, 'CustomResourceDefinition', source.metadata.name);
      expect(rendered['spec']).toEqual(source['spec']);
      expect(rendered.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
      expect(await readFile(`charts/baton/files/crds/${file}`, 'utf8')).toBe(await readFile(`crds/${file}`, 'utf8'));
    }
  });

  it('leaves the CRDs out, or lets them go, when told to', async () => {
    expect(kinds(await render(['crds.install=false']))).not.toContain('CustomResourceDefinition');
    const going = find(await render(['crds.keep=false']), 'CustomResourceDefinition', 'orchestrations.baton.dev');
    expect(going.metadata.annotations).toBeUndefined();
  });

  it('puts everything into the namespace of the release, under its name', async () => {
    const objects = await render(['fullnameOverride="conductor"']);
    const clusterWide = [
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'ClusterRole',
      'ClusterRoleBinding',
      'CustomResourceDefinition',
    ];
    for (const object of objects) {
      expect(object.metadata.name).toMatch(/^conductor(-|$)|^(orchestrat|workflow|scheduledworkflow)\w+\.baton\.dev$/);
      expect(object.metadata.namespace).toBe(clusterWide.includes(object.kind) ? undefined : 'baton-system');
    }
    const settings = settingsOf(objects, 'conductor-config');
    expect(settings).toMatchObject({ leaseName: 'conductor', tlsSecret: 'conductor-tls', caConfigMap: 'conductor-ca' });
  });
});

describe('the pod', () => {
  it.each([['defaults', () => defaults] as const, ['everything', () => everything] as const])(
    'meets the restricted pod security standard with %s',
    (_, objects) => {
      const spec = podSpec(objects());
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(spec['hostNetwork'] ?? spec['hostPID'] ?? spec['hostIPC']).toBeUndefined();
      for (const { securityContext } of spec.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        });
      }
    },
  );

  it('lets the platform assign the user where told to', async () => {
    const spec = podSpec(await render(['runAsUser=null', 'runAsGroup=null']));
    expect(spec.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  });

  it('asks for resources, is probed where the operator answers, and has time to end', () => {
    const { resources, ports, ...rest } = container(defaults);
    expect(resources).toEqual({ requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } });
    expect(rest['livenessProbe']).toMatchObject({ httpGet: { path: '/healthz', port: 'probes' } });
    expect(rest['readinessProbe']).toMatchObject({ httpGet: { path: '/readyz', port: 'probes' } });
    const settings = settingsOf(defaults);
    for (const [port, setting] of [
      ['metrics', settings.metricsAddress],
      ['probes', settings.probeAddress],
      ['heartbeats', settings.heartbeatAddress],
    ]) {
      expect(`:${ports.find(({ name }) => name === port)?.containerPort}`).toBe(setting);
    }
    expect(podSpec(defaults)['terminationGracePeriodSeconds']).toBeGreaterThan(settings.shutdownTimeout / 1000);
  });

  it('gets what the options say', () => {
    const spec = podSpec(everything);
    expect(spec).toMatchObject({
      imagePullSecrets: [{ name: 'registry' }],
      priorityClassName: 'system-cluster-critical',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ operator: 'Exists' }],
      affinity: { podAntiAffinity: {} },
      topologySpreadConstraints: [{ maxSkew: 2 }],
    });
    expect(spec.volumes.map(({ name }) => name)).toEqual(['config', 'tls', 'ca']);
    expect(container(everything).env.map(({ name }) => name)).toEqual(['BATON_ADVERTISE_HOST', 'NODE_EXTRA_CA_CERTS']);
    expect(container(everything).image).toMatch(/^baton@sha256:0123/);
    expect(find(everything, 'Deployment')['spec']).toMatchObject({
      replicas: 2,
      template: { metadata: { labels: { g: 'h', i: 'j' }, annotations: { e: 'f' } } },
    });
  });

  it('restarts when a setting changes, and only then', async () => {
    const checksum = (objects: KubernetesObject[]) =>
      (find(objects, 'Deployment')['spec'] as { template: { metadata: { annotations: Record<string, string> } } })
        .template.metadata.annotations['checksum/config'];
    expect(checksum(await render(['config.logLevel="debug"']))).not.toBe(checksum(defaults));
    expect(checksum(await render(['replicas=3']))).toBe(checksum(defaults));
  });
});
