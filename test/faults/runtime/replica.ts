// One replica of a leader election, as a process of its own: `node replica.ts KUBECONFIG NAMESPACE LEASE IDENTITY SECONDS`.
// While it leads it writes lines `act IDENTITY EPOCH TIME` to standard output, TIME being the machine's monotonic clock in
// milliseconds, the same for all processes.
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '../../../src/kube/connection.ts';
import { leasePort } from '../../../src/kube/lease.ts';
import { RestClient } from '../../../src/kube/rest.ts';
import { LeaderElector, type Leadership } from '../../../src/runtime/leader.ts';

const [kubeconfig = '', namespace = '', name = '', identity = '', seconds] = process.argv.slice(2);
const leaseDurationSeconds = Number(seconds);
const rest = new RestClient({ connection: new Connection({ kubeconfig, userAgent: 'baton/test' }) });
const elector = new LeaderElector({
  lease: leasePort(rest, { namespace, name }),
  identity,
  leaseDurationSeconds,
  renewDeadlineSeconds: (leaseDurationSeconds * 2) / 3,
  retryPeriodSeconds: leaseDurationSeconds / 6,
});
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort(new Error('SIGTERM')));
const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

async function act({ signal, epoch, isFresh }: Leadership): Promise<void> {
  while (!signal.aborted) {
    // The moment first: where this process stands still between the two, it acted before it was asked.
    const at = now();
    if (isFresh()) process.stdout.write(`act ${identity} ${epoch} ${at}\n`);
    await pause(10);
  }
}

process.stdout.write(`up ${identity} 0 ${now()}\n`);
await elector.run(stop.signal, act);
process.exit(0);
