import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue, linkerFlags, type Program, requiredVersion } from '../../../hack/cluster/catalogue.ts';

const goMod = (module: string) =>
  readFileSync(join(import.meta.dirname, '../../../hack/cluster/modules', module, 'go.mod'), 'utf8');

describe('the pinned modules', () => {
  it.each(Object.entries(catalogue as Record<string, Program>))('name %s as a tool', (_, program) => {
    expect(goMod(program.module)).toContain(program.package);
  });

  it('tell the version that the programs report', () => {
    const version = requiredVersion(goMod('controlplane'), 'k8s.io/kubernetes');
    expect(linkerFlags('controlplane', goMod('controlplane'))).toContain(`gitVersion=${version}`);
  });
});

it('does not take a module for another whose name begins alike', () => {
  expect(
    requiredVersion('require (\n\tk8s.io/kubernetes-extra v9.9.9\n\tk8s.io/kubernetes v1.2.3\n)', 'k8s.io/kubernetes'),
  ).toBe('v1.2.3');
});
