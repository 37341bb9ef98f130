import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../../support/eventually.ts';

/** One line of the operator's log. */
export interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [detail: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const ARGUMENTS = ['--log-level', 'debug', '--probe-address', '127.0.0.1:0', '--metrics-address', '127.0.0.1:0'];
const KUBECONFIG = process.env['KUBECONFIG'] || '.cluster/kubeconfig';

// Where everything may stand still for 10 s, the defaults would end a term in which nothing else is wrong, and take an end for one that hangs.
const PATIENT = { BATON_LEASE_DURATION: '60s', BATON_RENEW_DEADLINE: '45s', BATON_SHUTDOWN_TIMEOUT: '20s' };

/** From source; `npm test` has it from the file that is shipped, which starts in a fifth of the time. */
export const OPERATOR = process.env['BATON_TEST_OPERATOR'] ?? 'src/main.ts';

/** The operator as a process of its own. */
export class Operator {
  readonly #process: ChildProcess;
  /** When it has ended and all that it said was read; an exit alone may come before that. */
  readonly #closed: Promise<unknown>;
  #output = '';

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#closed = once(child, 'close');
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.#output += chunk));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.#output += chunk));
  }

  static spawn(args: readonly string[], kubeconfig = KUBECONFIG, file = OPERATOR): Operator {
    const env = { ...PATIENT, ...process.env, KUBECONFIG: kubeconfig };
    const command = [file, ...ARGUMENTS, ...args];
    return new Operator(spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Starts it and waits until it logs `phase`: 'leading', or 'standing for election' for a standby. */
  static async start(
    args: readonly string[],
    phase = 'leading',
    kubeconfig = KUBECONFIG,
    file?: string,
  ): Promise<Operator> {
    const operator = Operator.spawn(args, kubeconfig, file);
    try {
      await operator.logged(phase);
    } catch (error) {
      await operator.end('SIGKILL');
      throw error;
    }
    return operator;
  }

  get output(): string {
    return this.#output;
  }

  get lines(): readonly Line[] {
    const whole = this.#output.slice(0, this.#output.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
  }

  async logged(message: string, seconds = 60): Promise<Line> {
    const look = () => Promise.resolve(this.lines.find(({ msg }) => msg === message));
    const over = () => this.#process.exitCode !== null || this.#process.signalCode !== null;
    const line = await eventually(`'${message}' in the log`, seconds, look, (seen) => seen !== undefined || over());
    if (line === undefined) throw new Error(`the operator ended before it logged '${message}':\n${this.#output}`);
    return line;
  }

  /** A page of the port that the operator says it chose: /metrics, or /readyz of 'probes'. */
  async page(server: 'metrics' | 'probes', path: string): Promise<{ status: number; text: string }> {
    const { host, port } = (await this.logged(`${server} listen`)) as unknown as { host: string; port: number };
    const answer = await fetch(`http://${host}:${port}${path}`);
    return { status: answer.status, text: await answer.text() };
  }

  /** The value of the first series that begins with `series`; undefined when there is none. */
  async metric(series: string): Promise<number | undefined> {
    const { text } = await this.page('metrics', '/metrics');
    const line = text.split('\n').find((candidate) => candidate.startsWith(series));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#process.kill(signal);
    return this.exited();
  }

  async exited(): Promise<Exit> {
    await this.#closed;
    const { exitCode: code, signalCode } = this.#process;
    return { code, signal: signalCode };
  }
}
