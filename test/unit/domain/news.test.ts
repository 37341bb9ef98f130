import { describe, expect, it } from 'vitest';
import { recommendationTransitions } from '../../../src/domain/status/news.ts';

const advice = (type: 'CPURequest' | 'Strategy', action: string, confidence = 0.3) => ({
  type,
  action,
  confidence,
  because: 'a pod uses little',
});
const told = (...given: Parameters<typeof recommendationTransitions>): string[] =>
  recommendationTransitions(...given).map(
    ({ from, to, message, isQuiet }) => `${to} [${from}] ${message}${isQuiet ? ' (quiet)' : ''}`,
  );

describe('recommendations', () => {
  const lower = advice('CPURequest', 'lower it to 400m');

  it('are told when they are made, are others, and are withdrawn', () => {
    const other = advice('CPURequest', 'lower it to 200m');
    expect(told([], [lower], false)).toEqual(['Made [] lower it to 400m: a pod uses little']);
    expect(told([lower], [other], false)).toEqual(['Changed [lower it to 400m] lower it to 200m: a pod uses little']);
    expect(told([lower], [], false)).toEqual(['Withdrawn [lower it to 400m] no longer: lower it to 400m']);
    expect(told([lower], undefined, false)).toHaveLength(1);
  });

  it('are no news when they are only more certain', () => {
    expect(
      told([lower], [advice('CPURequest', 'lower it to 400m', 0.5), advice('Strategy', 'take Cost')], false),
    ).toEqual(['Made [] take Cost: a pod uses little']);
  });

  it('carry their own certainty, and call nobody when a service is adopted', () => {
    expect(told(undefined, [lower], true)).toEqual(['Made [] lower it to 400m: a pod uses little (quiet)']);
    expect(recommendationTransitions([], [lower], false)).toMatchObject([
      { kind: 'Recommendation', reason: 'Recommended', type: 'Normal', evidence: { confidence: 0.3, inputs: lower } },
    ]);
  });
});
