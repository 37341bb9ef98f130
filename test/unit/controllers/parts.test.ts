import { beforeEach, describe, expect, it } from 'vitest';
import type { PartAnswer, PartLook } from '../../../src/controllers/service/parts.ts';
import { Bed } from './bed.ts';

let bed: Bed;
let looks: PartLook[];
let answers: (PartAnswer | undefined)[];
const look = () => bed.reconciler.reconcile('shop/web', { signal: new AbortController().signal });
const calm: PartAnswer = { findings: { status: {}, conditions: [], told: [] }, lookAgainInMs: Infinity };

beforeEach(() => {
  bed = new Bed();
  looks = [];
  answers = [];
  for (const index of [0, 1])
    bed.parts.push({
      look: (look) => {
        looks.push(look);
        return answers[index];
      },
      wasTold: () => undefined,
      forget: () => undefined,
    });
  bed.deployment('web');
  bed.service('web');
});

describe('parts that act for a service', () => {
  it('hold back those with less authority', async () => {
    const holds = { reason: 'Progressing', message: 'first things first' } as const;
    answers = [{ ...calm, findings: { ...calm.findings, holds } }, undefined];
    await look();
    expect(looks.map(({ held }) => held)).toEqual([undefined, holds]);
  });

  it('tell in the status what they did, and ask to be looked at again', async () => {
    const conditions = [
      { type: 'Reconciling', status: 'True', reason: 'Progressing', message: 'a part is at work' },
    ] as const;
    answers = [{ findings: { status: { activeTarget: 'Deployment/other' }, conditions, told: [] }, lookAgainInMs: 40 }];
    // It was found down, which is news to the parts.
    expect(await look()).toEqual({ kind: 'requeueAfter', ms: 0 });
    expect(await look()).toEqual({ kind: 'requeueAfter', ms: 40 });
    expect(bed.status('web')).toMatchObject({ activeTarget: 'Deployment/other' });
    expect(bed.status('web')?.conditions).toContainEqual(expect.objectContaining({ message: 'a part is at work' }));
  });

  it('have the finalizer before they take anything, and lose it when nothing is held', async () => {
    answers = [{ ...calm, needsFinalizer: true }];
    await look();
    expect(looks.at(-1)?.isSafe).toBe(false);
    await look();
    expect(looks.at(-1)?.isSafe).toBe(true);
    answers = [calm];
    await look();
    await look();
    expect(looks.at(-1)?.isSafe).toBe(false);
  });
});
