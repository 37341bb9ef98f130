import type { Allotments, Budget, Claim } from '../domain/capacity/allot.ts';

export interface Question {
  readonly id: number;
  readonly claims: readonly Claim[];
  readonly budgets: readonly Budget[];
}

export interface Answer {
  readonly id: number;
  readonly allotments: Allotments;
  /** What it took the thread, ms. */
  readonly ms: number;
}
