import { connect } from 'node:net';
import type { CheckOptions } from './api.ts';
import type { Source } from './contract.ts';
import type { TcpQuery } from './queries.ts';
import { askAll, type Answer, type Destination } from './targets.ts';

/** Passes when a connection can be opened; nothing is sent. */
export function createTcpCheck({
  clock,
  destinations,
}: Pick<CheckOptions, 'clock' | 'destinations'>): Source<TcpQuery> {
  return {
    name: 'tcp-check',
    read: (query, signal) => askAll({ ...query, clock, destinations, ask: openConnection }, signal),
  };
}

function openConnection({ address, port }: Destination, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ kind: 'passed', what: `port ${port} is open` });
    });
    socket.on('error', reject);
  });
}
