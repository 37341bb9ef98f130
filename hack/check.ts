import { spawn } from 'node:child_process';

/** What has to hold of every commit, and the command that puts it right. */
const CHECKS = [
  { name: 'types', command: ['tsc', '-p', '.'], mend: 'mend the types' },
  { name: 'lint and the import rules of the rooms', command: ['oxlint'], mend: 'mend what it names' },
  { name: 'format', command: ['biome', 'format'], mend: 'npm run format' },
  { name: 'dead exports and dependencies', command: ['knip'], mend: 'remove what nothing uses' },
  { name: 'generated files', command: ['node', 'hack/generate/cli.ts', '--check'], mend: 'npm run generate' },
] as const;

function run([program, ...args]: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program ?? '', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

let failed = 0;
for (const { name, command, mend } of CHECKS) {
  const started = performance.now();
  const { code, output } = await run(command);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  if (code === 0) {
    console.log(`ok      ${name} (${seconds} s)`);
    continue;
  }
  failed++;
  console.log(`FAILED  ${name} (${seconds} s): ${mend}\n${output.trimEnd()}`);
}
console.log(`${CHECKS.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
