import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '../../../hack/cluster/ports.ts';
import { OPERATOR } from '../operator/support/process.ts';
import { eventually } from '../support/eventually.ts';

/** The operator as a process of its own with a kubeconfig of its own. */
export class Operator {
  readonly heartbeatPort: number;
  readonly #process: ChildProcess;
  readonly #probePort: number;
  #output = '';

  private constructor(process: ChildProcess, probePort: number, heartbeatPort: number) {
    this.#process = process;
    this.#probePort = probePort;
    this.heartbeatPort = heartbeatPort;
    process.stdout?.on('data', (chunk) => (this.#output += chunk));
    process.stderr?.on('data', (chunk) => (this.#output += chunk));
  }

  /** Starts it and waits until it is ready. `config` is a file of settings; addresses are set over it. */
  static async start(kubeconfig: string, config: string, leaseNamespace: string): Promise<Operator> {
    const [probe = 0, heartbeat = 0] = await freePorts(2);
    const addresses = ['--probe-address', `127.0.0.1:${probe}`, '--heartbeat-address', `127.0.0.1:${heartbeat}`];
    const args = [OPERATOR, '--config', config, ...addresses, '--metrics-address', '127.0.0.1:0'];
    const child = spawn(process.execPath, [...args, '--lease-namespace', leaseNamespace], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: 'pipe',
    });
    const operator = new Operator(child, probe, heartbeat);
    try {
      await eventually(
        'the operator is ready',
        60,
        () => operator.#ready(),
        (ready) => ready === 'ok',
      );
    } catch (error) {
      await operator.stop();
      throw new Error(`${(error as Error).message}\n${operator.#output}`, { cause: error });
    }
    return operator;
  }

  async #ready(): Promise<string> {
    if (this.#process.exitCode !== null) return `ended with ${this.#process.exitCode}: ${this.#output}`;
    return fetch(`http://127.0.0.1:${this.#probePort}/readyz`).then(
      async (answer) => (answer.ok ? 'ok' : answer.text()),
      (error: Error) => error.message,
    );
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await gone;
  }
}
