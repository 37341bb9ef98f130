import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { provideBinaries } from '../../../hack/cluster/binaries.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assets-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const names = ['etcd', 'kube-apiserver'] as const;

it('takes programs from KUBEBUILDER_ASSETS', async () => {
  for (const name of names) writeFileSync(join(folder, name), '');
  const found = await provideBinaries(names, () => undefined, folder);
  expect(found).toEqual({ etcd: join(folder, 'etcd'), 'kube-apiserver': join(folder, 'kube-apiserver') });
});

it('says what a folder lacks instead of building it', async () => {
  writeFileSync(join(folder, 'etcd'), '');
  const provided = provideBinaries(names, () => undefined, folder);
  await expect(provided).rejects.toThrow(/has no kube-apiserver; name the folder that holds them, or unset it/);
});
