import { expect, it } from 'vitest';
import type { CachedTemplate, CachedWorkflow } from '../../../../src/controllers/workflow/caches.ts';
import { type Content, Entrance, type EntranceOptions } from '../../../../src/controllers/workflow/entrance.ts';

const TEMPLATE = {
  namespace: 'shop',
  name: 'nightly',
  metadata: { generation: 3 },
  spec: { steps: [{ name: 'go', wait: { duration: '0s' } }] },
} as CachedTemplate;

/** A workflow of that template, with what was written of it. */
const workflow = (content?: Content): CachedWorkflow =>
  ({
    namespace: 'shop',
    name: 'w',
    uid: 'u',
    metadata: { name: 'w', annotations: content?.annotations },
    spec: { templateRef: { name: 'nightly' }, approvals: [], ...content?.spec },
  }) as unknown as CachedWorkflow;

/** That of a process, which remembers nothing of another's. */
const entrance = (writeContent: EntranceOptions['writeContent']): Entrance =>
  new Entrance({
    caches: { templates: { get: () => TEMPLATE } },
    matches: () => true,
    writeContent,
  } as unknown as EntranceOptions);

it('knows of which generation of its template a workflow is, also where another process copied it and died', async () => {
  const written: Content[] = [];
  const writeContent: EntranceOptions['writeContent'] = (_, content) => Promise.resolve(written.push(content) > 0);
  expect(await entrance(writeContent).instantiate(workflow(), new AbortController().signal)).toBe(true);
  expect(entrance(writeContent).templateOf(workflow(written[0]))).toBe('nightly@3');
});
