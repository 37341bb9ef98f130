import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { epochMs, SENT_AT } from '../../../../hack/chaos/sent-at.ts';

const CHAOS = resolve(import.meta.dirname, '../../../../hack/chaos');
const AHEAD_MS = 3_600_000;
/** Far less than that: the system's clock may be set meanwhile, and processes take it up when they begin. */
const TOLERANCE_MS = 60_000;

it('every request of a replica says when it was sent, whatever its clock says', async () => {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const begun = epochMs();
  const program = `import http from 'node:http'; http.request('http://127.0.0.1:${port}').end(); console.log(Date.now());`;
  const preloaded = ['clock.ts', 'stamp.ts'].flatMap((file) => ['--import', resolve(CHAOS, file)]);
  const child = spawn(process.execPath, [...preloaded, '--input-type=module', '-e', program], {
    env: { ...process.env, CHAOS_CLOCK_MS: String(AHEAD_MS) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  await once(child, 'close');
  server.close();
  expect(Number(Buffer.concat(said).toString())).toBeGreaterThan(begun + AHEAD_MS - TOLERANCE_MS);
  const sentAt = Number(seen[0]?.headers[SENT_AT]);
  expect(sentAt).toBeGreaterThan(begun - TOLERANCE_MS);
  expect(sentAt).toBeLessThan(epochMs() + TOLERANCE_MS);
});
