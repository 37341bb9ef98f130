import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { typesOf } from './types.ts';

/** Every generated file and what it should hold. */
async function outputs(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const plural of ['orchestratedservices', 'orchestrations']) {
    const singular = plural === 'orchestrations' ? 'orchestration' : 'orchestrated-service';
    files.set(`src/api/generated/${singular}.ts`, await typesOf(`crds/${plural}.baton.dev.yaml`));
  }
  return files;
}

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, text] of await outputs()) {
  const current = await readFile(path, 'utf8').catch(() => undefined);
  if (current === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
if (check && stale.length > 0) {
  console.error(`not up to date: ${stale.join(', ')}\nrun npm run generate and commit the result`);
  process.exitCode = 1;
}
