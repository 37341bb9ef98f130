import type { Server } from 'node:http';
import { isIP, type AddressInfo, type Socket } from 'node:net';
import type { Listener } from './api.ts';

const GRACE_MS = 1000;
const SWEEP_MS = 25;

/** `:8080` listens everywhere; `host:port` and `[::1]:8080` on that address. Throws with what is allowed. */
export function parseAddress(address: string): { host: string | undefined; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  const bracketed = match?.[1];
  if (match === null || port > 65535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    throw new Error(`${JSON.stringify(address)} is no address to listen on; write :8080, 10.0.0.1:8080 or [::1]:8080`);
  }
  return { host: bracketed ?? (match[2] || undefined), port };
}

/** The connections of a server, from the first byte on: those before the end of their TLS handshake too, which the server itself does not know. */
export function connectionsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Resolves once the server accepts; rejects when it cannot, e.g. because the port is taken. */
export async function listen(
  server: Server,
  address: string,
  sockets: ReadonlySet<Socket> = connectionsOf(server),
): Promise<Listener> {
  const { host, port } = parseAddress(address);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address() as AddressInfo;
  return {
    address: { host: bound.address, port: bound.port },
    close: (graceMs = GRACE_MS) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, graceMs);
        // close() ends the connections that are idle now; those under way would be kept alive after their answer.
        const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
        server.close(() => {
          clearTimeout(timer);
          clearInterval(sweep);
          resolve();
        });
      }),
  };
}
