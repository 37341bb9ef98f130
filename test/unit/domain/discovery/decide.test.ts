import { describe, expect, it } from 'vitest';
import {
  decideDiscovery,
  type DiscoveryInput,
  type KnownService,
  nameFor,
} from '../../../../src/domain/discovery/decide.ts';
import type { DiscoveryRule } from '../../../../src/domain/discovery/rules.ts';

const rule = (name: string, more: Partial<DiscoveryRule> = {}): DiscoveryRule => ({
  name,
  kinds: ['Deployment', 'StatefulSet'],
  template: { metadata: { labels: {} }, spec: {} },
  ...more,
});
const service = (name: string, more: Partial<KnownService> = {}): KnownService => ({
  name,
  discoveredBy: 'labelled',
  isStandbyOnly: false,
  createdAt: '2026-05-01T10:00:00Z',
  isGoing: false,
  isHolding: false,
  ...more,
});
const ASKED = { 'baton.dev/discover': 'true' };
const REFUSED = { 'baton.dev/discover': 'false' };
const asked = (more: Partial<DiscoveryInput> = {}): DiscoveryInput => ({
  kind: 'Deployment',
  namespace: 'shop',
  workload: { labels: ASKED, isHeld: false },
  namespaceLabels: {},
  services: [],
  rules: [rule('labelled')],
  ownNamespace: 'baton-system',
  ...more,
});
const decide = (more: Partial<DiscoveryInput> = {}) => {
  const { rule, service, waits, releases, skipped } = decideDiscovery(asked(more));
  const released = releases.map((release) => release.service.name);
  return { rule: rule?.name, service: service?.name, waits, released, skipped };
};
const nothing = { rule: undefined, service: undefined, waits: false, released: [], skipped: undefined };

describe('which rule holds', () => {
  it('without selectors it is the label, on the workload or on its namespace', () => {
    expect(decide().rule).toBe('labelled');
    expect(decide({ workload: { labels: {}, isHeld: false }, namespaceLabels: ASKED }).rule).toBe('labelled');
    expect(decide({ workload: { labels: {}, isHeld: false } })).toEqual(nothing);
    expect(decide({ workload: { labels: { 'baton.dev/discover': 'yes' }, isHeld: false } })).toEqual(nothing);
  });

  it('is the first that fits, by all of its selectors and its kinds', () => {
    const rules = [
      rule('stateful', { kinds: ['StatefulSet'], namespaceSelector: { matchLabels: { team: 'a' } } }),
      rule('web', {
        namespaceSelector: { matchLabels: { team: 'a' } },
        workloadSelector: { matchLabels: { tier: 'web' } },
      }),
      rule('team', { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] } }),
      rule('labelled'),
    ];
    const of = (kind: 'Deployment' | 'StatefulSet', labels: object, namespaceLabels: object) =>
      decide({
        kind,
        rules,
        workload: { labels: { ...labels }, isHeld: false },
        namespaceLabels: { ...namespaceLabels },
      }).rule;
    expect(of('StatefulSet', { tier: 'web' }, { team: 'a' })).toBe('stateful');
    expect(of('Deployment', { tier: 'web' }, { team: 'a' })).toBe('web');
    expect(of('Deployment', { tier: 'api' }, { team: 'a' })).toBe('team');
    expect(of('Deployment', { tier: 'web' }, { team: 'b' })).toBe('team');
    expect(of('Deployment', ASKED, {})).toBe('labelled');
    expect(of('Deployment', {}, { team: 'c' })).toBeUndefined();
  });
});

describe('people come first', () => {
  it.each([
    ['the workload', { workload: { labels: REFUSED, isHeld: false }, namespaceLabels: ASKED }],
    ['the namespace', { namespaceLabels: REFUSED }],
  ])('a "false" on %s wins', (_, more) => {
    expect(decide(more)).toEqual({ ...nothing, skipped: 'OptedOut' });
    expect(decide({ ...more, services: [service('web')] })).toEqual({
      ...nothing,
      released: ['web'],
      skipped: 'OptedOut',
    });
  });

  it('what people made is left alone, and takes the place of what discovery made', () => {
    const theirs = service('mine', { discoveredBy: undefined });
    expect(decide({ services: [theirs] })).toEqual({ ...nothing, skipped: 'TargetAlreadyManaged' });
    expect(decide({ services: [theirs, service('web')] })).toEqual({
      ...nothing,
      released: ['web'],
      skipped: 'TargetAlreadyManaged',
    });
  });

  it('a standby belongs to the service that fails over to it, whoever made that', () => {
    for (const discoveredBy of [undefined, 'labelled']) {
      const primary = service('primary', { discoveredBy, isStandbyOnly: true });
      expect(decide({ services: [primary] })).toEqual({ ...nothing, skipped: 'TargetAlreadyManaged' });
      expect(decide({ services: [primary, service('web')] }).released).toEqual(['web']);
    }
  });

  it.each(['kube-system', 'kube-public', 'kube-node-lease', 'baton-system'])('nothing is made in %s', (namespace) => {
    expect(decide({ namespace })).toEqual({ ...nothing, skipped: 'NamespaceProtected' });
  });
});

describe('what is there', () => {
  it('is kept, the oldest where there are several', () => {
    const [old, young] = [service('old'), service('young', { createdAt: '2026-05-02T10:00:00Z' })];
    expect(decide({ services: [young, old] })).toEqual({
      ...nothing,
      rule: 'labelled',
      service: 'old',
      released: ['young'],
    });
  });

  it('is waited for while it goes', () => {
    expect(decide({ services: [service('web', { isGoing: true })] })).toEqual({
      ...nothing,
      rule: 'labelled',
      waits: true,
    });
  });

  it.each([
    ['the workload is gone', { workload: undefined }],
    ['the label is gone', { workload: { labels: {}, isHeld: false } }],
    ['the rules are gone', { rules: [] }],
  ])('is given up when %s', (_, more) => {
    expect(decide({ ...more, services: [service('web'), service('b', { discoveredBy: undefined })] }).released).toEqual(
      ['web'],
    );
  });

  it('is kept while something of the workload is held', () => {
    const holding = service('web', { isHolding: true });
    const held = { ...nothing, skipped: 'DiscoveryHeld' };
    expect(decide({ rules: [], services: [holding] })).toEqual(held);
    expect(decide({ workload: undefined, services: [holding] })).toEqual(held);
    expect(decide({ workload: { labels: {}, isHeld: true }, services: [service('web')] })).toEqual(held);
  });

  it('stays as it is while nothing is known of the namespace, or that is being deleted', () => {
    expect(decide({ namespaceLabels: undefined, services: [service('web')] })).toEqual(nothing);
    expect(decide({ namespaceLabels: undefined })).toEqual(nothing);
  });
});

describe('the name', () => {
  it.each([
    [[], 'db'],
    [['db'], 'db-statefulset'],
    [['db', 'db-statefulset'], undefined],
  ])('with %j taken', (taken, expected) => {
    expect(nameFor('StatefulSet', 'db', (name) => taken.includes(name))).toBe(expected);
  });

  it('is never longer than a name may be', () => {
    const long = 'a'.repeat(250);
    expect(nameFor('Deployment', long, () => false)).toBe(long);
    expect(nameFor('Deployment', long, (name) => name === long)).toBeUndefined();
  });
});
