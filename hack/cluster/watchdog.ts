// `node watchdog.ts DIR`: takes the cluster in DIR down when whoever holds the other end of standard input is gone, which
// the kernel tells even after a SIGKILL. A line "release" ends it without that: the cluster is to stay.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { teardown } from './teardown.ts';

export interface Watchdog {
  /** The cluster stays up; resolves when that is certain. */
  release(): Promise<void>;
}

export function startWatchdog(dir: string): Watchdog {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A watchdog that died first must not take us with it by a broken pipe.
  child.stdin.on('error', () => undefined);
  child.on('error', () => undefined);
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return {
    release: async () => {
      child.ref();
      child.stdin.end('release\n');
      await ended;
    },
  };
}

async function watch(dir: string): Promise<void> {
  let said = '';
  process.stdin.setEncoding('utf8');
  for await (const text of process.stdin) said += text;
  if (!said.includes('release')) await teardown(dir);
}

if (import.meta.main) {
  const dir = process.argv[2];
  if (dir === undefined) throw new Error('usage: watchdog.ts DIR');
  await watch(dir);
}
