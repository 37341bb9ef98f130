import { spawn } from 'node:child_process';

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
