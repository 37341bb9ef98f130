import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyCrds, get, helm, kubectl, unique } from './cluster.ts';
import { eventually } from '../support/eventually.ts';

// The chart on a real API server. Its CRDs are those of a group of the test's own, so that nobody else's change.

const id = unique();
const group = `g${id}.example.dev`;
const namespace = `chart-${id}`;
const release = `conductor-${id}`;
let chart: string;

interface Crd {
  metadata: { annotations: Record<string, string>; labels: Record<string, string> };
  spec: { versions: { additionalPrinterColumns: { name: string }[] }[] };
}

const crd = () => get<Crd>('crd', `orchestratedservices.${group}`);
const columns = async () => (await crd()).spec.versions[0]?.additionalPrinterColumns.map(({ name }) => name) ?? [];

/** Writes the CRDs of the test's own group into the copy of the chart. */
async function writeCrds(change: (text: string) => string): Promise<void> {
  await rm(join(chart, 'files/crds'), { recursive: true });
  await cp('crds', join(chart, 'files/crds'), { recursive: true });
  for (const file of await readdir(join(chart, 'files/crds'))) {
    const path = join(chart, 'files/crds', file);
    const text = (await readFile(path, 'utf8'))
      .replaceAll(
        /\b(orchestratedservices|orchestrations|workflows|workflowtemplates|scheduledworkflows)\.baton\.dev/g,
        `$1.${group}`,
      )
      .replace('group: baton.dev', `group: ${group}`);
    await writeFile(path, change(text));
  }
}

const withoutScore = (text: string) => text.replace(/^ *- \{name: Score,.*\n/m, '');
// Held in its own namespace only: others make workflows beside this test.
const held = `admissionPolicies.namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=${namespace}`;
const options = () => ['--namespace', namespace, '--set', `fullnameOverride=${release},${held}`];

beforeAll(async () => {
  chart = join(await mkdtemp(join(tmpdir(), 'chart-')), 'baton');
  await cp('charts/baton', chart, { recursive: true });
  await kubectl('create', 'namespace', namespace);
  await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
});

afterAll(async () => {
  await helm('uninstall', release, '--namespace', namespace, '--ignore-not-found');
  const plurals = ['orchestratedservices', 'orchestrations', 'workflows', 'workflowtemplates', 'scheduledworkflows'];
  await kubectl('delete', 'crd', ...plurals.map((plural) => `${plural}.${group}`), '--ignore-not-found');
  await kubectl('delete', 'namespace', namespace, '--wait=false');
  await rm(join(chart, '..'), { recursive: true, force: true });
});

describe('the chart on a real API server', () => {
  it('takes over CRDs that were installed by hand', async () => {
    await writeCrds(withoutScore);
    await kubectl('apply', '--filename', join(chart, 'files/crds'));
    await expect(helm('install', release, chart, ...options())).rejects.toThrow(/invalid ownership metadata/);
    await helm('install', release, chart, ...options(), '--take-ownership');
    expect((await crd()).metadata.annotations['helm.sh/resource-policy']).toBe('keep');
    expect(await columns()).not.toContain('Score');
  });

  it('makes a Deployment whose pods the restricted profile admits', async () => {
    const ready = () => get<{ status: { readyReplicas?: number } }>('deployment', release, '--namespace', namespace);
    const deployment = await eventually('a ready pod', 60, ready, ({ status }) => status.readyReplicas === 1);
    expect(deployment.status).not.toHaveProperty('unavailableReplicas');
  });

  it('upgrades the CRDs', async () => {
    await writeCrds((text) => text);
    await helm('upgrade', release, chart, ...options(), '--set', 'config.logLevel=debug');
    expect(await columns()).toContain('Score');
    const settings = await get<{ data: Record<string, string> }>('configmap', `${release}-config`, '-n', namespace);
    expect(settings.data['config.yaml']).toContain('logLevel: debug');
  });

  it('gives people who may view or edit a namespace the same of its services', async () => {
    const allowed = (role: string, verb: string, resource: string) =>
      get<{ rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] }>('clusterrole', role).then(
        ({ rules }) =>
          rules.some(
            (rule) =>
              rule.apiGroups.includes('baton.dev') && rule.resources.includes(resource) && rule.verbs.includes(verb),
          ),
      );
    await eventually('view', 30, () => allowed('view', 'list', 'orchestratedservices'), Boolean);
    await eventually('edit', 30, () => allowed('edit', 'patch', 'orchestratedservices'), Boolean);
    expect(await allowed('view', 'patch', 'orchestratedservices')).toBe(false);
    expect(await allowed('admin', 'update', 'orchestratedservices/status')).toBe(false);
  });

  it('leaves the CRDs and takes everything else away when it is uninstalled', async () => {
    await helm('uninstall', release, '--namespace', namespace, '--wait');
    expect(await columns()).toContain('Score');
    const left = 'clusterroles,clusterrolebindings,roles,rolebindings,deployments,services,serviceaccounts';
    expect(await kubectl('get', left, '--all-namespaces', '--output', 'name')).not.toContain(release);
  });

  it('finds its CRDs again when it is installed once more', async () => {
    await helm('install', release, chart, ...options());
    expect((await crd()).metadata.labels['app.kubernetes.io/managed-by']).toBe('Helm');
  });
});

describe('deploy/', () => {
  it('is a kustomization whose objects the API server takes', async () => {
    await applyCrds();
    const objects = await kubectl('kustomize', 'deploy');
    expect(objects).toMatch(/name: baton-config-[a-z0-9]{10}/);
    const told = await kubectl('create', '--dry-run=client', '--validate=strict', '--kustomize', 'deploy');
    expect(told.split('\n').filter(Boolean).length).toBeGreaterThan(15);
  });

  it('has examples and runbooks that the API server takes', async () => {
    const shop = `shop-${id}`;
    await kubectl('create', 'namespace', shop);
    try {
      const folders = ['deploy/examples', 'deploy/runbooks'];
      const files = await Promise.all(
        folders.map(async (folder) => (await readdir(folder)).map((file) => join(folder, file))),
      );
      const copies = join(chart, '..', 'copies');
      await mkdir(copies);
      for (const file of files.flat()) {
        const text = (await readFile(file, 'utf8')).replaceAll('namespace: shop', `namespace: ${shop}`);
        await writeFile(join(copies, basename(file)), text);
      }
      const told = (await kubectl('apply', '--dry-run=server', '--filename', copies)).trim().split('\n');
      expect(told.length).toBeGreaterThan(files.flat().length);
      for (const line of told) expect(line).toContain('dry run');
    } finally {
      await kubectl('delete', 'namespace', shop, '--wait=false');
    }
  });
});
