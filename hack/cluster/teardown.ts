// Stops everything that a folder's cluster consists of, in whatever state it was left. Safe to run at any time, twice,
// and by any process: nothing is ended that is not on record (or marked as a member) with the moment it was started.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { disconnect } from './node/namespace.ts';
import { processesWithEnvironment, terminate } from './processes.ts';
import { membership, StateFile } from './state.ts';

/** What a cluster keeps in its folder, apart from the state and the logs; nothing else in it is touched. */
const owned = ['kubeconfig', 'pki', 'config', 'etcd', 'node', 'prometheus'];

export async function teardown(dir: string): Promise<void> {
  const file = new StateFile(dir);
  const state = file.read();
  // Last started, first stopped. All data goes away with it, so nothing is given time to save any.
  for (const process of (state?.processes ?? []).toReversed()) await terminate(process, 0);
  for (const process of processesWithEnvironment(membership(dir).entry)) await terminate(process, 0);
  if (state?.node !== undefined) disconnect(state.node);
  for (const name of owned) rmSync(join(dir, name), { recursive: true, force: true });
  // Last: until here, another run can take over where this one was interrupted.
  file.remove();
}
