import type { Call } from './wire.ts';

/** What changes without being another write: times, versions, and what is told of the same state. */
const ASIDE = new Set([
  'resourceVersion',
  'epoch',
  'eta',
  'message',
  'progress',
  'lastTransitionTime',
  'observedGeneration',
]);
const TIME = /^\d{4}-\d\d-\d\dT/;
/** Scores and signals come and go with the cluster; what becomes of them has scenarios of its own. */
const STATUS_OF_SERVICE = /\/orchestratedservices\/[^/]+\/status$/;

/** The same for the same write by whichever life of a replica; undefined where it is not of interest when it is made. */
export function pointOf({ method, path, body }: Pick<Call, 'method' | 'path' | 'body'>): string | undefined {
  const [where = ''] = path.split('?');
  if (STATUS_OF_SERVICE.test(where)) return undefined;
  const text = JSON.stringify(JSON.parse(body.toString() || '{}'), (key, value: unknown) =>
    ASIDE.has(key) || (typeof value === 'string' && TIME.test(value)) ? undefined : value,
  );
  return `${method} ${where} ${text}`;
}
