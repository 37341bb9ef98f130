import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { freePorts } from '../cluster/ports.ts';

/** Baton as a process of the demo, beside the cluster and not in it. */
export interface RunningOperator {
  readonly metrics: string;
  readonly heartbeats: string;
  readonly logFile: string;
  /** SIGTERM; resolves with the exit code, rejects when it takes longer than 10 s. */
  stop(): Promise<number>;
}

/** Starts the operator from source; resolves when /readyz says ok, rejects when it ends before. */
export async function startOperator(kubeconfig: string, logFile: string): Promise<RunningOperator> {
  const [metrics = 0, probes = 0, heartbeats = 0] = await freePorts(3);
  const args = [
    'src/main.ts',
    '--log-format=pretty',
    `--metrics-address=127.0.0.1:${metrics}`,
    `--probe-address=127.0.0.1:${probes}`,
    `--heartbeat-address=127.0.0.1:${heartbeats}`,
    '--lease-namespace=default',
    '--lease-name=baton-demo',
  ];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  // Whatever ends the demo ends the operator too.
  process.once('exit', () => child.kill('SIGKILL'));
  await ready(child, `http://127.0.0.1:${probes}/readyz`, logFile);
  return {
    metrics: `http://127.0.0.1:${metrics}/metrics`,
    heartbeats: `https://127.0.0.1:${heartbeats}`,
    logFile,
    stop: () => stopped(child),
  };
}

async function ready(child: ChildProcess, url: string, logFile: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the operator ended with code ${child.exitCode}; see ${logFile}`);
    const isReady = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the operator was not ready within 30 s; see ${logFile}`);
}

function stopped(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error('the operator did not stop within 10 s after SIGTERM'));
    }, 10_000);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
    child.kill('SIGTERM');
  });
}
