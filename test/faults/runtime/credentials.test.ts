import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { until } from '../../support/until.ts';
import { Bed, churn, CONFIG_MAPS, expectRight, watch, type Watch } from './bed.ts';

const SERVICE_ACCOUNT_DIR = 'var/run/secrets/kubernetes.io/serviceaccount';
const REVIEWS = { group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews' };
const SECRETS = { group: '', version: 'v1', plural: 'secrets' };

let bed: Bed;
let namespace: string;
let watched: Watch | undefined;

beforeAll(async () => {
  bed = await Bed.start();
});
afterAll(() => bed.stop());
beforeEach(async () => {
  namespace = await bed.namespace();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await watched?.stop();
});

/** A token that ends when its Secret is deleted: the API server gives none that live shorter than ten minutes. */
async function token(secret: string): Promise<string> {
  const { metadata } = await bed.admin.create<{ metadata: { uid: string } }>(
    { ...SECRETS, namespace },
    { metadata: { name: secret } },
  );
  const account = {
    group: '',
    version: 'v1',
    plural: 'serviceaccounts',
    namespace,
    name: 'baton',
    subresource: 'token',
  };
  const boundObjectRef = { kind: 'Secret', apiVersion: 'v1', name: secret, uid: metadata.uid };
  const review = await bed.admin.create<{ status: { token: string } }>(account, {
    spec: { boundObjectRef, expirationSeconds: 600 },
  });
  return review.status.token;
}

const expire = (secret: string) => bed.admin.delete({ ...SECRETS, namespace, name: secret });

/** The files of a pod, and the account with its rights. */
async function pod() {
  const root = path.join(bed.dir, namespace);
  const dir = path.join(root, SERVICE_ACCOUNT_DIR);
  mkdirSync(dir, { recursive: true });
  const { hostname, port } = new URL(bed.cluster.server);
  vi.stubEnv('KUBERNETES_SERVICE_HOST', hostname);
  vi.stubEnv('KUBERNETES_SERVICE_PORT', port);
  await bed.admin.create(
    { group: '', version: 'v1', plural: 'serviceaccounts', namespace },
    { metadata: { name: 'baton' } },
  );
  const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' };
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }];
  await bed.admin.create({ ...rbac, plural: 'roles', namespace }, { metadata: { name: 'baton' }, rules });
  const roleRef = { apiGroup: rbac.group, kind: 'Role', name: 'baton' };
  const subjects = [{ kind: 'ServiceAccount', name: 'baton', namespace }];
  await bed.admin.create(
    { ...rbac, plural: 'rolebindings', namespace },
    { metadata: { name: 'baton' }, roleRef, subjects },
  );
  const user = `system:serviceaccount:${namespace}:baton`;
  const resourceAttributes = { namespace, verb: 'list', resource: 'configmaps' };
  // The API server hears of roles a moment after they were written.
  await until('the role is in force', async () => {
    const review = { spec: { user, resourceAttributes } };
    return (await bed.admin.create<{ status: { allowed: boolean } }>(REVIEWS, review)).status.allowed;
  });
  writeFileSync(
    path.join(dir, 'ca.crt'),
    bed.cluster.caCertificate.includes('BEGIN') ? bed.cluster.caCertificate : readFileSync(bed.cluster.caCertificate),
  );
  writeFileSync(path.join(dir, 'namespace'), `${namespace}\n`);
  const writeToken = (value: string): void => {
    // As the kubelet does it: readers see the old file or the new one.
    writeFileSync(path.join(dir, 'token.new'), `${value}\n`);
    renameSync(path.join(dir, 'token.new'), path.join(dir, 'token'));
  };
  return { root, writeToken };
}

describe('tokens', () => {
  test('rotated in their file before they end: no request fails', async () => {
    const { root, writeToken } = await pod();
    writeToken(await token('first'));
    const rest = bed.client('', { inClusterRoot: root });
    watched = watch(rest, { namespace, timeoutSeconds: 2 });
    const writing = churn(rest, namespace, 1);
    await writing.more(50);
    writeToken(await token('second'));
    await expire('first');
    // The API server remembers for ten seconds that a token was good.
    await pause(12_000);
    await writing.more(50);
    await writing.stop();
    expect(writing.failed).toEqual([]);
    expect(watched.store.problem).toBeUndefined();
    await expectRight(watched, bed.admin, namespace);
  });

  test('expired with no new one in sight: trouble is reported, and ends by itself when it comes', async () => {
    const { root, writeToken } = await pod();
    writeToken(await token('first'));
    const rest = bed.client('', { inClusterRoot: root });
    const seen = watch(rest, { namespace, timeoutSeconds: 2 });
    watched = seen;
    await until('synced', () => seen.store.synced);
    await expire('first');
    await until('noticed', () => seen.store.problem?.message.includes('Unauthorized'));
    await bed.admin.create({ ...CONFIG_MAPS, namespace }, { metadata: { name: 'meanwhile' } });
    writeToken(await token('second'));
    await expectRight(seen, bed.admin, namespace);
    await until('passed', () => seen.store.problem === undefined);
  });
});

describe('client certificates', () => {
  const user = { commonName: 'short-lived', groups: ['system:masters'] };

  test('rotated in the kubeconfig: new connections, no request fails', async () => {
    const file = path.join(bed.dir, `${namespace}.kubeconfig`);
    const write = async (validSeconds: number) =>
      bed.cluster.writeKubeconfig(file, await bed.cluster.issueClientCertificate({ ...user, validSeconds }));
    // Little is done before it is rotated: on a machine that stands still for some seconds it must not have expired by then.
    const rest = bed.client(await write(25));
    const expiry = performance.now() + 25_000;
    watched = watch(rest, { namespace, timeoutSeconds: 2 });
    const writing = churn(rest, namespace, 1);
    await writing.more(5);
    await write(3_600);
    await pause(expiry + 1_000 - performance.now());
    await writing.more(50);
    await writing.stop();
    expect(writing.failed).toEqual([]);
    await expectRight(watched, bed.admin, namespace);
  });

  test('expired before the new one came: goes on within seconds of it', async () => {
    const file = path.join(bed.dir, `${namespace}.kubeconfig`);
    const write = async (validSeconds: number) =>
      bed.cluster.writeKubeconfig(file, await bed.cluster.issueClientCertificate({ ...user, validSeconds }));
    const seen = watch(bed.client(await write(12)), { namespace, timeoutSeconds: 2 });
    watched = seen;
    // It has a list by then, but on a machine that stood still all the time.
    await until('noticed', () => seen.store.problem?.message.includes('Unauthorized'));
    await bed.admin.create({ ...CONFIG_MAPS, namespace }, { metadata: { name: 'meanwhile' } });
    await write(3_600);
    await expectRight(seen, bed.admin, namespace);
  });
});
