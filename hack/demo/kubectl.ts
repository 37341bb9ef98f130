import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Runs kubectl and gives its standard output; rejects with what it wrote to standard error. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

export function kubectlOf(program: string, kubeconfig: string): Kubectl {
  return (args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        env: { ...process.env, KUBECONFIG: kubeconfig },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let [output, errors] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      child.on('error', (error) => reject(new Error(`${program}: ${error.message}; install kubectl`)));
      child.on('close', (code) => {
        if (code === 0) resolve(output);
        else reject(new Error(`kubectl ${args.join(' ')}: ${errors.trim()}`));
      });
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
}

/**
 * Runs a kubectl that watches and prints each new line at once, until one is as it should be; rejects where none is within `seconds`. The last
 * column, an age, is no news.
 */
export type Watch = (args: readonly string[], last: RegExp, seconds: number) => Promise<void>;

export function watchOf(program: string, kubeconfig: string, print: (line: string) => void): Watch {
  return async (args, last, seconds) => {
    const deadline = performance.now() + seconds * 1_000;
    const printed = new Set<string>();
    /** Whether the last one came before the API server ended the watch, which it may at any time. */
    const follow = async (): Promise<boolean> => {
      const env = { ...process.env, KUBECONFIG: kubeconfig };
      const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      const timer = setTimeout(() => child.kill(), deadline - performance.now());
      let isSeen = false;
      createInterface({ input: child.stdout }).on('line', (line) => {
        const news = line.trimEnd().replace(/\S+$/, '').replaceAll(/ +/g, ' ');
        if (isSeen || printed.has(news)) return;
        printed.add(news);
        print(line);
        isSeen = last.test(line);
        if (isSeen) child.kill();
      });
      await once(child, 'close').finally(() => clearTimeout(timer));
      return isSeen;
    };
    while (!(await follow())) {
      if (performance.now() < deadline) continue;
      throw new Error(`kubectl ${args.join(' ')} told nothing like ${last.source} within ${seconds} s`);
    }
  };
}
