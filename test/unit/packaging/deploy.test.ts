import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { deployFiles, type KubernetesObject, parseObjects, TEMPLATE_ARGUMENTS } from '../../../hack/generate/deploy.ts';
import { helm, helmBinary } from '../../../hack/generate/helm.ts';
import { find, podSpec, render } from './rendered.ts';

let files: Map<string, string>;

beforeAll(async () => {
  await helmBinary();
  files = await deployFiles(await helm(...TEMPLATE_ARGUMENTS));
}, 300_000);

const objects = () =>
  ['deploy/rbac.yaml', 'deploy/operator.yaml'].flatMap((path) => parseObjects(files.get(path) ?? ''));

describe('deploy/', () => {
  it('is what the chart makes (else: npm run generate)', async () => {
    for (const [path, text] of files) {
      expect((await readFile(path, 'utf8').catch(() => '')) === text, `${path} is up to date`).toBe(true);
    }
  });

  it('has every object of the chart, and a namespace that enforces the restricted profile', async () => {
    const names = (list: KubernetesObject[]) => list.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
    const expected = names(await render(['crds.install=false'])).filter((name) => name !== 'ConfigMap/baton-config');
    expect(names(objects())).toEqual([...expected, 'Namespace/baton-system'].sort());
    const labels = find(objects(), 'Namespace', 'baton-system').metadata.labels;
    expect(labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted');
  });

  it('keeps nothing that only Helm understands, and selectors that match', () => {
    for (const text of files.values()) expect(text).not.toMatch(/helm\.sh|managed-by:|checksum\//);
    const deployment = find(objects(), 'Deployment')['spec'] as {
      selector: { matchLabels: Record<string, string> };
      template: { metadata: { labels: Record<string, string> } };
    };
    expect(deployment.template.metadata.labels).toMatchObject(deployment.selector.matchLabels);
    expect(find(objects(), 'Service')['spec']).toMatchObject({ selector: deployment.selector.matchLabels });
    expect(podSpec(objects()).volumes).toEqual([{ name: 'config', configMap: { name: 'baton-config' } }]);
  });
});
