import { on } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Keeper } from './keeper.ts';
import type { Request, ThreadData } from './rows.ts';

/** The thread that keeps the history: answers one request after the other. */
const port = parentPort;
if (!port) throw new Error('this is a thread of the operator, not a program');
const keeper = new Keeper(workerData as ThreadData, (answer, transfer = []) => port.postMessage(answer, transfer));
void serve(port);

async function serve(port: MessagePort): Promise<void> {
  const requests = on(port, 'message') as AsyncIterable<[Request]>;
  await keeper.begin();
  for await (const [request] of requests) {
    if (await keeper.answer(request)) break;
  }
  port.close();
}
