// Which process is meant by a recorded pid. A pid alone may belong to somebody else by the time it is used, so the moment
// of its start is kept with it.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; the same for as long as the pid means the same process. */
  readonly startedAt: string;
}

const hasProc = existsSync('/proc/self/stat');

/** undefined when no such process runs; one that has ended and was not waited for counts as gone. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = hasProc ? startFromProc(pid) : startFromPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

function startFromProc(pid: number): string | undefined {
  const fields = statFields(pid);
  if (fields === undefined || fields[0] === 'X') return undefined;
  // The first thread is a zombie before the others have ended, and until the last one has the process keeps its ports.
  if (fields[0] === 'Z' && Number(fields[17]) <= 1) return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot}/${fields[19]}`;
}

/** proc(5): the fields after the command's name, so [0] is the state and [19] the start in clock ticks since boot. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function startFromPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}

/** The first process that `parent` has started (Linux). */
export function childOf(parent: number): ProcessIdentity | undefined {
  const children = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && statFields(Number(name))?.[1] === String(parent),
  );
  return children.length === 0 ? undefined : identify(Number(children[0]));
}

/** Resident memory in bytes, 0 where it cannot be read. */
export function residentBytes(pid: number): number {
  try {
    if (hasProc) {
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return Number(kib ?? 0) * 1024;
    }
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) * 1024;
  } catch {
    return 0;
  }
}

/** Sends a signal to exactly this process; false when it is gone already. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Ends it: SIGTERM, and SIGKILL after `graceMs` (at once when 0). Resolves when it is gone. */
export async function terminate(identity: ProcessIdentity, graceMs: number): Promise<void> {
  if (graceMs > 0 && signal(identity, 'SIGTERM')) {
    // A stopped process acts on SIGTERM only when it goes on.
    signal(identity, 'SIGCONT');
    if (await gone(identity, graceMs)) return;
  }
  signal(identity, 'SIGKILL');
  if (!(await gone(identity, 30_000))) throw new Error(`process ${identity.pid} does not end`);
}

async function gone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (isRunning(identity)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Processes whose environment has this entry (Linux; elsewhere none): finds what was started and never recorded. */
export function processesWithEnvironment(entry: string): ProcessIdentity[] {
  if (!hasProc) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && environmentHas(name, entry))
    .flatMap((name) => identify(Number(name)) ?? []);
}

function environmentHas(pid: string, entry: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(entry);
  } catch {
    return false;
  }
}
