import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Api } from './api.ts';
import { eventually } from './eventually.ts';

const PLURALS = ['orchestratedservices', 'orchestrations', 'workflows', 'workflowtemplates', 'scheduledworkflows'];
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Definition {
  readonly metadata: { readonly name: string };
}

/** Installs the CRDs of this tree, or brings those that are there up to date, and waits until objects of them can be made. */
export async function installCrds(api: Api): Promise<void> {
  for (const plural of PLURALS) {
    const definition = parse(await readFile(`crds/${plural}.baton.dev.yaml`, 'utf8')) as Definition;
    // As `kubectl apply --server-side` does it, so that what is no longer in the file goes away.
    const answer = await api.call('PATCH', `${CRDS}/${definition.metadata.name}`, {
      body: definition,
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager: 'kubectl', force: 'true' },
    });
    if (answer.status >= 300) throw new Error(`${definition.metadata.name} cannot be installed: ${answer.message}`);
    await eventually(
      `${plural} are served`,
      30,
      () => api.call('GET', `/apis/baton.dev/v1alpha1/${plural}`, { query: { limit: '1' } }),
      ({ status }) => status === 200,
    );
  }
}
