import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { freePorts } from '../../../../hack/cluster/ports.ts';

/** An address of this machine that is not loopback, which checks may not reach by default: played pods are given it. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (own === undefined) throw new Error('these tests need an IPv4 address beside loopback');
  return own.address;
}

/** A port on which nobody listens, and that nobody is given meanwhile. */
export const closedPort = async (): Promise<number> => (await freePorts(1))[0] as number;

/** An HTTP server on every address of this machine, at a port that it finds again when it was closed. */
export async function serve(
  listener: RequestListener,
): Promise<{ server: Server; port: number; close(): Promise<void> }> {
  const port = await closedPort();
  const server = createServer(listener).listen(port);
  await once(server, 'listening');
  return {
    server,
    port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}
