import { describe, expect, it } from 'vitest';
import type { Write } from '../../../../hack/chaos/injector.ts';
import type { Law } from '../../../../hack/chaos/laws.ts';
import type { Kind, Version } from '../../../../hack/chaos/record.ts';
import {
  askedOnce,
  became,
  carriedOut,
  made,
  oneOwner,
  restedAfterwards,
  stampedOnce,
} from '../../../../hack/chaos/workflows/laws.ts';

/** Versions in the order in which they are given, from 1, each written by whom `by` says. */
function judged(law: Law, given: readonly Omit<Version, 'version'>[], by: readonly string[] = []): string[] {
  const versions = given.map((each, index) => ({ ...each, version: index + 1 }));
  const writes = by.map((identity, index) => ({ identity, resourceVersion: index + 1 }) as Write);
  return law({ versions, writes, refused: [], isHurried: false });
}

const object = (kind: Kind, name: string, more: object = {}, metadata: object = {}): Omit<Version, 'version'> => ({
  kind,
  name,
  isGone: false,
  object: { apiVersion: 'v1', kind, ...more, metadata: { name, uid: `uid-${name}`, ...metadata } },
});
const workflow = (name: string, status: object, metadata: object = {}) =>
  object('workflows', name, { status }, metadata);
const step = (state: string, more: object = {}) => ({
  steps: [{ name: 'go', state, attempt: 1, opId: 'op', ...more }],
});
const settings = (stamp: string | undefined) =>
  object('configmaps', 'c', { data: { mode: stamp } }, { annotations: stamp ? { 'baton.dev/op': stamp } : {} });
const lease = (holderIdentity: string) => object('leases', 'baton', { spec: { holderIdentity } });

describe('effects', () => {
  const mode = became('configmaps', 'c', 'mode', ({ data }) => (data as { mode?: string }).mode, ['op']);

  it('are what was wanted, each once', () => {
    expect(judged(mode, [settings(undefined), settings('op')])).toEqual([]);
    expect(judged(mode, [settings(undefined), settings('op'), settings(undefined), settings('op')])).toHaveLength(1);
    expect(judged(mode, [settings(undefined)])).toEqual(['mode of c became [], and not ["op"]']);
  });

  it('are counted by uid where something is made', () => {
    const [first, second] = [object('jobs', 'w-a'), object('jobs', 'w-b')];
    expect(judged(made('jobs', 'w-', 1), [first, first])).toEqual([]);
    expect(judged(made('jobs', 'w-', 1), [first, second])).toHaveLength(1);
  });

  it('have one stamp each, of which their workflow knows', () => {
    const known = workflow('w', step('Succeeded'));
    expect(judged(stampedOnce, [settings(undefined), settings('op'), known])).toEqual([]);
    expect(judged(stampedOnce, [settings(undefined), settings('op')])).toEqual([
      'c was stamped with op, of which no workflow knows',
    ]);
    const again = [settings(undefined), settings('op'), settings('x'), settings('op'), known];
    expect(judged(stampedOnce, again)).toContain('c was stamped twice with op');
  });
});

describe('a workflow', () => {
  const law = carriedOut('w', 'Succeeded', { go: ['Succeeded'] });

  it('ends as it should, with one attempt of each step', () => {
    expect(judged(law, [workflow('w', { phase: 'Succeeded', ...step('Succeeded') })])).toEqual([]);
    expect(judged(law, [workflow('w', { phase: 'Failed', ...step('Unknown') })])).toHaveLength(2);
    expect(judged(law, [workflow('w', { phase: 'Succeeded', ...step('Succeeded', { attempt: 2 }) })])).toEqual([
      'step go of w was tried again',
    ]);
  });

  it('rests when it is over', () => {
    const ended = workflow('w', { phase: 'Succeeded' });
    expect(judged(restedAfterwards('w'), [workflow('w', { phase: 'Running' }), ended])).toEqual([]);
    expect(judged(restedAfterwards('w'), [ended, ended])).toEqual(['workflow w was changed 1 times after its end']);
  });

  it('shares what it has to itself with its children only', () => {
    const locks = ['n/apps/Deployment/shop'];
    const [a, b] = [workflow('a', { phase: 'Running', locks }), workflow('b', { phase: 'Paused', locks })];
    const ended = workflow('a', { phase: 'Succeeded', locks });
    expect(judged(oneOwner, [a, ended, b])).toEqual([]);
    expect(judged(oneOwner, [a, b])).toEqual(['n/apps/Deployment/shop belongs to a and to b']);
    const child = workflow('b', { phase: 'Running', locks }, { ownerReferences: [{ uid: 'uid-a' }] });
    expect(judged(oneOwner, [a, child])).toEqual([]);
    const shared = (name: string) => workflow(name, { phase: 'Running', locks: [`${locks[0]} shared`] });
    expect(judged(oneOwner, [shared('a'), shared('b')])).toEqual([]);
    expect(judged(oneOwner, [shared('a'), b])).toHaveLength(1);
  });
});

describe('requests', () => {
  const law = (keys: readonly string[], isIdempotent = false) =>
    askedOnce({ workflow: 'w', step: 'go', isIdempotent, keys: () => keys });
  const [intent, done] = ['Intent', 'Succeeded'].map((state) => workflow('w', step(state)));
  // It was undone in the same write.
  const unknown = workflow('w', step('Compensating', { reason: 'OutcomeUnknown' }));
  const versions = [intent, unknown] as Omit<Version, 'version'>[];

  it('come once', () => {
    expect(judged(law(['k']), [intent, done] as typeof versions)).toEqual([]);
    expect(judged(law(['k', 'k']), [intent, done] as typeof versions)).toEqual(['go of w was sent 2 times']);
    expect(judged(law(['k', 'k'], true), [intent, done] as typeof versions)).toEqual([]);
    expect(judged(law(['k', 'l'], true), [intent, done] as typeof versions)).toHaveLength(1);
  });

  it('are Unknown only where another than who wrote the intent has to tell', () => {
    expect(judged(law(['k']), versions, ['r1', 'r2'])).toEqual([]);
    expect(judged(law([]), versions, ['r1', 'r2'])).toEqual([]);
    expect(judged(law(['k']), versions, ['r1', 'r1'])).toEqual(['go of w is Unknown although nobody died']);
    expect(judged(law(['k', 'k']), versions, ['r1', 'r2'])).toEqual(['go of w is Unknown and was sent 2 times']);
    const led = [lease('r1'), intent, lease('r2'), lease('r1'), unknown] as typeof versions;
    expect(judged(law(['k']), led)).toEqual([]);
  });
});
