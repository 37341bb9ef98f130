import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deployFiles, TEMPLATE_ARGUMENTS } from './deploy.ts';
import { helm } from './helm.ts';
import { typesOf } from './types.ts';

/** Every generated file and what it should hold. */
async function outputs(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const plural of ['orchestratedservices', 'orchestrations']) {
    const singular = plural === 'orchestrations' ? 'orchestration' : 'orchestrated-service';
    files.set(`src/api/generated/${singular}.ts`, await typesOf(`crds/${plural}.baton.dev.yaml`));
    files.set(
      `charts/baton/files/crds/${plural}.baton.dev.yaml`,
      await readFile(`crds/${plural}.baton.dev.yaml`, 'utf8'),
    );
  }
  // Helm may have to be built first, so that deploy/ is checked by a test instead (test/unit/packaging).
  const deploy = check ? [] : await deployFiles(await helm(...TEMPLATE_ARGUMENTS));
  return new Map([...files, ...deploy]);
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
