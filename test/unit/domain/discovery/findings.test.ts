import { describe, expect, it } from 'vitest';
import { type DiscoveryState, discoveryFindings, type Outcome } from '../../../../src/domain/discovery/findings.ts';

const state = (outcomes: Record<string, Outcome>, more: Partial<DiscoveryState> = {}): DiscoveryState => ({
  hasRules: true,
  outcomes: new Map(Object.entries(outcomes)),
  invalid: [],
  problem: undefined,
  ...more,
});
const skipped = (reason: (Outcome & { kind: 'skipped' })['reason'], message?: string): Outcome => ({
  kind: 'skipped',
  reason,
  ...(message !== undefined && { message }),
});

describe('what Orchestration/default says of discovery', () => {
  it('is nothing while it is off and nothing is left', () => {
    expect(discoveryFindings(state({}, { hasRules: false }))).toEqual({ status: undefined, condition: undefined });
    const held = discoveryFindings(state({ 'Deployment/a/b': skipped('DiscoveryHeld') }, { hasRules: false }));
    expect(held.condition).toMatchObject({ status: 'False', reason: 'DiscoveryHeld' });
  });

  it('counts, and names the first by reason', () => {
    const { status, condition } = discoveryFindings(
      state({
        'Deployment/shop/web': { kind: 'discovered' },
        'Deployment/shop/b': skipped('OptedOut'),
        'Deployment/shop/a': skipped('OptedOut'),
        'StatefulSet/shop/db': skipped('TargetAlreadyManaged'),
      }),
    );
    expect(status).toEqual({
      discovered: 1,
      skipped: [
        { reason: 'OptedOut', workloads: 2, first: 'Deployment shop/a' },
        { reason: 'TargetAlreadyManaged', workloads: 1, first: 'StatefulSet shop/db' },
      ],
    });
    expect(condition).toMatchObject({ status: 'True', reason: 'Discovering' });
  });

  it('tells what somebody has to see to, the most urgent first', () => {
    const outcomes = {
      'Deployment/a/b': skipped('DiscoveryLimit'),
      'Deployment/a/c': skipped('DiscoveryRefused', 'exceeded quota'),
    };
    const condition = (more: Partial<DiscoveryState>) => discoveryFindings(state(outcomes, more)).condition;
    expect(condition({})).toMatchObject({ status: 'False', reason: 'DiscoveryRefused' });
    expect(condition({})?.message).toMatch(/^1 of the workloads, first Deployment a\/c: exceeded quota; /);
    const invalid = [{ rule: 'web', reason: 'TemplateInvalid', message: 'spec.mode: x' }] as const;
    expect(condition({ invalid })).toMatchObject({
      status: 'False',
      reason: 'TemplateInvalid',
      message: 'the template of rule web is refused: spec.mode: x',
    });
    expect(condition({ invalid, problem: 'Baton may not list namespaces' })).toMatchObject({ reason: 'Forbidden' });
  });
});
