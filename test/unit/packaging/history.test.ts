import { beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../hack/generate/deploy.ts';
import { helmBinary } from '../../../hack/generate/helm.ts';
import { find, podSpec, render, settingsOf } from './rendered.ts';

let defaults: KubernetesObject[];
let kept: KubernetesObject[];
beforeAll(async () => {
  await helmBinary();
  [defaults, kept] = await Promise.all([
    render(),
    render(['history={"enabled":true,"retention":"7d","maxSize":"2Gi","size":"3Gi","storageClass":"fast"}']),
  ]);
}, 300_000);

const volumesOf = (objects: KubernetesObject[]) => podSpec(objects).volumes.filter(({ name }) => name === 'history');
const strategyOf = (objects: KubernetesObject[]) =>
  (find(objects, 'Deployment')['spec'] as { strategy: { type: string } }).strategy.type;

describe('the volume of the history', () => {
  it('is not there by default, and no setting either', () => {
    expect(volumesOf(defaults)).toEqual([]);
    expect(defaults.map(({ kind }) => kind)).not.toContain('PersistentVolumeClaim');
    expect(settingsOf(defaults).historyPath).toBe('');
    expect(strategyOf(defaults)).toBe('RollingUpdate');
  });

  it('is claimed as asked for, and mounted where the operator writes', () => {
    expect(find(kept, 'PersistentVolumeClaim', 'baton-history')['spec']).toEqual({
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      resources: { requests: { storage: '3Gi' } },
    });
    expect(volumesOf(kept)).toEqual([{ name: 'history', persistentVolumeClaim: { claimName: 'baton-history' } }]);
    expect(podSpec(kept).containers[0]?.['volumeMounts']).toContainEqual({
      name: 'history',
      mountPath: '/var/lib/baton',
    });
    expect(settingsOf(kept)).toMatchObject({
      historyPath: '/var/lib/baton/history.db',
      historyRetention: 7 * 86_400_000,
      historyMaxSize: 2 * 1_024 ** 3,
    });
  });

  it('leaves the pod as restricted as it was, and in a group that may write there', () => {
    expect(podSpec(kept).securityContext).toEqual(podSpec(defaults).securityContext);
    expect(podSpec(kept).securityContext).toMatchObject({ runAsNonRoot: true, fsGroup: 65_532 });
    expect(podSpec(kept).containers[0]?.securityContext).toEqual(podSpec(defaults).containers[0]?.securityContext);
    expect(podSpec(kept).containers[0]?.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
  });

  it('is given up by the old pod before the new one starts', () => {
    expect(strategyOf(kept)).toBe('Recreate');
  });

  it('can be a claim of one’s own, and then none is made', async () => {
    const objects = await render(['history={"enabled":true,"existingClaim":"mine"}']);
    expect(volumesOf(objects)).toEqual([{ name: 'history', persistentVolumeClaim: { claimName: 'mine' } }]);
    expect(objects.map(({ kind }) => kind)).not.toContain('PersistentVolumeClaim');
  });

  it.each([
    [['replicas=2', 'history.enabled=true'], 'history.enabled needs replicas: 1'],
    [['history.maxSize="1TB"'], "'/history/maxSize'"],
    [['history.retention="30 days"'], "'/history/retention'"],
    [['history.path="/x"'], "additional properties 'path' not allowed"],
  ])('is refused with %j', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });
});
