import { CONDITIONS } from '../../../src/api/conditions.ts';
import { type EventDefinition, EVENTS } from '../../../src/api/events.ts';
import { REASONS } from '../../../src/api/reasons.ts';
import { METRICS, type MetricDefinition } from '../../../src/telemetry/metrics.ts';
import { code, generatedFrom, prose, table } from './markdown.ts';

/** docs/reference/reasons.md */
export function reasonsReference(): string {
  const conditions = Object.entries(CONDITIONS).map(([type, meaning]) => [code(type), meaning]);
  const reasons = Object.entries(REASONS).map(([reason, { means, todo }]) => [code(reason), prose(means), prose(todo)]);
  return [
    generatedFrom('src/api/conditions.ts and src/api/reasons.ts'),
    '# Conditions and reasons\n',
    'Conditions follow kstatus: `Ready` is always there, others only where they apply, so that ' +
      '`kubectl wait --for=condition=Ready osvc/checkout` and GitOps tools understand them.\n',
    table(['condition', 'what it says'], conditions),
    '\nReasons are a closed list: a condition, a signal without evidence or an [Event](events.md) carries one of these and nothing else.\n',
    table(['reason', 'what happened', 'what to do'], reasons),
    '',
  ].join('\n');
}

/** docs/reference/events.md */
export function eventsReference(): string {
  const events: Record<string, EventDefinition> = EVENTS;
  const rows = Object.entries(events).map(([reason, { about, types, when, note }]) => [
    code(reason),
    about.join(', '),
    types.join(' or '),
    prose(when),
    code(note),
  ]);
  return [
    generatedFrom('src/api/events.ts'),
    '# Events\n',
    'Events (`events.k8s.io/v1`, `kubectl describe osvc/checkout`, `kubectl events --for osvc/checkout`) tell transitions, never that Baton ' +
      'looked again. Where a condition ends, the same reason comes as Normal with a note that begins with "no longer". What to do about each: ' +
      '[reasons](reasons.md).\n',
    table(['reason', 'on', 'type', 'when', 'note'], rows),
    '',
  ].join('\n');
}

/** docs/reference/metrics.md */
export function metricsReference(): string {
  const rows = (METRICS as readonly MetricDefinition[]).map(({ name, type, help, labels, buckets }) => [
    code(name),
    type,
    labels.map(code).join(', '),
    prose(help) + (buckets === undefined ? '' : ` Buckets: ${buckets.join(', ')}.`),
  ]);
  return [
    generatedFrom('src/telemetry/metrics.ts'),
    '# Metrics\n',
    'Served at `/metrics` (setting [`metricsAddress`](settings.md)), together with the usual `process_*` and `nodejs_*` of the process. No metric has ' +
      "a pod's name as a label. What is said of services comes from the replica that leads.\n",
    table(['metric', 'type', 'labels', 'meaning'], rows),
    '',
  ].join('\n');
}
