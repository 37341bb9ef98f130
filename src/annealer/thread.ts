import { parentPort } from 'node:worker_threads';
import { allot } from '../domain/capacity/allot.ts';
import type { Answer, Question } from './messages.ts';

/** The thread that shares capacity budgets where that takes long: answers one question after the other. */
const port = parentPort;
if (!port) throw new Error('this is a thread of the operator, not a program');
port.on('message', ({ id, claims, budgets }: Question) => {
  const started = performance.now();
  const allotments = allot(claims, budgets);
  port.postMessage({ id, allotments, ms: performance.now() - started } satisfies Answer);
});
