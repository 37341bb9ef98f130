import { expect, it } from 'vitest';
import { selfTimes } from '../../../hack/bench/profile.ts';

it('adds up the time of each function, most first', () => {
  const frame = (functionName: string, lineNumber: number) => ({
    functionName,
    url: 'file:///app/operator.mjs',
    lineNumber,
  });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('parse', 9) },
      { id: 2, callFrame: frame('', 19) },
      { id: 3, callFrame: frame('parse', 9) },
    ],
    samples: [1, 2, 3, 1],
    timeDeltas: [1000, 5000, 2000, 4000],
  };
  expect(selfTimes(profile)).toEqual([
    { where: 'parse operator.mjs:10', ms: 7 },
    { where: '(anonymous) operator.mjs:20', ms: 5 },
  ]);
});
