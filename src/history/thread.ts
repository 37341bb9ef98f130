import { on } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Keeper } from './keeper.ts';
import type { Request, ThreadData } from './rows.ts';

/** The thread that keeps the history: answers one request after the other. */
const port = parentPort;
if (!port) throw new Error('this is a thread of the operator, not a program');
const keeper = new Keeper(workerData as ThreadData, (answer, transfer = []) => port.postMessage(answer, transfer));
void serve(port);

async function serve(port: MessagePort): Promise<void> {
  const requests = (on(port, 'message') as AsyncIterable<[Request]>)[Symbol.asyncIterator]();
  await keeper.begin();
  for (;;) {
    const next = requests.next();
    while (keeper.isTidying && !(await isThere(next))) await keeper.tidy();
    const { value, done } = await next;
    if (done === true || (await keeper.answer(value[0]))) break;
  }
  port.close();
}

/** Whether somebody waits, after a look at what has come in. */
const isThere = (next: Promise<unknown>): Promise<boolean> =>
  Promise.race([next.then(() => true), setImmediate(false)]);
