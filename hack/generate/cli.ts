import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readCrd } from './crd.ts';
import { deployFiles, TEMPLATE_ARGUMENTS } from './deploy.ts';
import { helm } from './helm.ts';
import { apiReference } from './reference/api.ts';
import { eventsReference, metricsReference, reasonsReference } from './reference/catalogues.ts';
import { settingsReference } from './reference/settings.ts';
import { typesOf } from './types.ts';

/** Plurals of the kinds, and the files of their types. */
const KINDS: Readonly<Record<string, string>> = {
  orchestratedservices: 'orchestrated-service',
  workflows: 'workflow',
  workflowtemplates: 'workflow-template',
  scheduledworkflows: 'scheduled-workflow',
  orchestrations: 'orchestration',
};

/** Every generated file and what it should hold. */
async function outputs(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [plural, singular] of Object.entries(KINDS)) {
    files.set(`src/api/generated/${singular}.ts`, await typesOf(`crds/${plural}.baton.dev.yaml`));
    files.set(
      `charts/baton/files/crds/${plural}.baton.dev.yaml`,
      await readFile(`crds/${plural}.baton.dev.yaml`, 'utf8'),
    );
  }
  const crds = await Promise.all(Object.keys(KINDS).map((plural) => readCrd(`crds/${plural}.baton.dev.yaml`)));
  files.set('docs/reference/api.md', apiReference(crds));
  files.set('docs/reference/reasons.md', reasonsReference());
  files.set('docs/reference/events.md', eventsReference());
  files.set('docs/reference/metrics.md', metricsReference());
  files.set('docs/reference/settings.md', settingsReference());
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
