// The same writes by nobody but the API server: what is left when an engine takes no time at all.
import { type Api, inParallel, type Json } from '../api.ts';
import { instant, WORKFLOWS } from './objects.ts';

const WIDTH = 32;

/**
 * Creates as many workflows and replaces the status of each as often, with a status that Baton wrote, as soon as the API server has answered.
 * Each is sent as soon as there is room; how long all of it took, ms.
 */
export async function writeBare(api: Api, names: readonly string[], writes: number, status: Json): Promise<number> {
  const from = performance.now();
  await inParallel(names, WIDTH, async (name) => {
    let object = await api.post(WORKFLOWS, instant(name));
    for (let write = 1; write <= writes; write++) {
      const { metadata } = object as unknown as { metadata: Json };
      const { namespace, uid, resourceVersion } = metadata;
      const body = { apiVersion: object['apiVersion'], kind: object['kind'], status: { ...status, epoch: write } };
      object = await api.put(`${WORKFLOWS}/${name}/status`, {
        ...body,
        metadata: { name, namespace, uid, resourceVersion },
      });
    }
  });
  return performance.now() - from;
}
