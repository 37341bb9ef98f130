import { describe, expect, it } from 'vitest';
import { chooseProvider, type Machine } from '../../../hack/cluster/provider.ts';

const none = () => undefined;
const everything: Machine = {
  kubeconfig: '/home/me/.kube/config',
  engine: () => 'docker',
  assets: '/assets',
  go: () => 'go1.26.0',
};

describe('chooseProvider', () => {
  it.each([
    ['kubeconfig', everything],
    ['kind', { ...everything, kubeconfig: undefined }],
    ['assets', { ...everything, kubeconfig: '', engine: none }],
    ['build', { ...everything, kubeconfig: undefined, engine: none, assets: undefined }],
    ['build', { kubeconfig: undefined, engine: none, assets: undefined, go: none }],
  ] as const)('takes %s where it is the first that fits', (provider, machine) => {
    expect(chooseProvider(machine).provider).toBe(provider);
  });

  it('takes what is asked for', () => {
    expect(chooseProvider(everything, 'build').provider).toBe('build');
  });

  it('refuses a name it does not know and says which it knows', () => {
    expect(() => chooseProvider(everything, 'minikube')).toThrow('none of kubeconfig, kind, assets, build');
  });

  it('does not ask the container engine when a kubeconfig is named', () => {
    const machine = { ...everything, engine: () => expect.fail('asked') };
    expect(chooseProvider(machine).provider).toBe('kubeconfig');
  });
});
