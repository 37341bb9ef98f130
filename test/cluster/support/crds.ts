import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import type { Api } from './api.ts';
import { eventually } from './eventually.ts';

const PLURALS = ['orchestratedservices', 'orchestrations', 'workflows', 'workflowtemplates', 'scheduledworkflows'];
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly versions: readonly object[] };
}

/** Installs the CRDs of this tree, or brings those that are there up to date, and waits until objects of them can be made. */
export async function installCrds(api: Api): Promise<void> {
  for (const plural of PLURALS) {
    const definition = parse(await readFile(`crds/${plural}.baton.dev.yaml`, 'utf8')) as Definition;
    // Most files of tests find what another installed, and to apply it again costs the API server half a second.
    if (!(await isInstalled(api, definition))) await apply(api, definition);
    await eventually(
      `${plural} are served`,
      30,
      () => api.call('GET', `/apis/baton.dev/v1alpha1/${plural}`, { query: { limit: '1' } }),
      ({ status }) => status === 200,
    );
  }
}

async function isInstalled(api: Api, { metadata, spec }: Definition): Promise<boolean> {
  const { body } = await api.call('GET', `${CRDS}/${metadata.name}`);
  return isDeepStrictEqual((body as Partial<Definition>).spec?.versions, spec.versions);
}

/** As `kubectl apply --server-side` does it, so that what is no longer in the file goes away. */
async function apply(api: Api, definition: Definition): Promise<void> {
  const { name } = definition.metadata;
  const answer = await api.call('PATCH', `${CRDS}/${name}`, {
    body: definition,
    contentType: 'application/apply-patch+yaml',
    query: { fieldManager: 'kubectl', force: 'true' },
  });
  if (answer.status >= 300) throw new Error(`${name} cannot be installed: ${answer.message}`);
}
