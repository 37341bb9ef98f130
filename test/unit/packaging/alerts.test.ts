import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { HEALTH_LEVELS } from '../../../src/api/kinds.ts';
import { METRICS, type MetricDefinition } from '../../../src/telemetry/metrics.ts';
import { helmBinary } from '../../../hack/generate/helm.ts';
import { EVERYTHING, find, render } from './rendered.ts';

interface Alert {
  alert: string;
  expr: string;
  for: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
interface Rules {
  groups: { name: string; rules: Alert[] }[];
}

beforeAll(async () => {
  await helmBinary();
}, 300_000);

const alertsOf = (rules: Rules) => rules.groups.flatMap((group) => group.rules);
const file = alertsOf(parse(await readFile('charts/baton/files/alerts.yaml', 'utf8')) as Rules);
const labelsOf = new Map<string, readonly string[]>(
  (METRICS as readonly MetricDefinition[]).map(({ name, labels }) => [name, labels]),
);
// What Prometheus itself knows of every target.
labelsOf.set('up', []);
const ADDED_BY_SCRAPE = ['job', 'namespace'];
const groupedBy = (expr: string) => expr.match(/by \(([^)]*)\)/)?.[1]?.split(', ') ?? [];

describe.each(file)('the alert $alert', ({ expr, labels, annotations, for: lasting }) => {
  it('asks only for metrics and labels that Baton has', () => {
    const names = expr.match(/\b(baton_\w+|rest_client_\w+|leader_election_\w+|up(?=\{))/g) ?? [];
    expect(names).toHaveLength(1);
    const known = labelsOf.get(names[0] ?? '');
    const asked = [...groupedBy(expr), ...[...expr.matchAll(/(\w+)="/g)].map(([, label]) => label)];
    expect(asked.filter((label) => ![...(known ?? []), ...ADDED_BY_SCRAPE].includes(label ?? ''))).toEqual([]);
    const levels = [...expr.matchAll(/level="(\w+)"/g)].map(([, level]) => level);
    expect(HEALTH_LEVELS).toEqual(expect.arrayContaining(levels));
  });

  it('says for how long, how bad, and what to do, with labels that the expression keeps', () => {
    expect(lasting).toMatch(/^\d+m$/);
    expect(labels['severity']).toMatch(/^(critical|warning)$/);
    const said = `${annotations['summary']} ${annotations['description']}`;
    const used = [...said.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
    expect(groupedBy(expr)).toEqual(expect.arrayContaining(used));
  });
});

describe('the alerts', () => {
  it('become a PrometheusRule of the release', async () => {
    const objects = await render([...EVERYTHING, 'fullnameOverride="conductor"']);
    const alerts = alertsOf(find(objects, 'PrometheusRule', 'conductor')['spec'] as Rules);
    expect(alerts.map(({ alert }) => alert)).toEqual(file.map(({ alert }) => alert));
    for (const [index, alert] of alerts.entries()) {
      expect(alert.labels).toEqual({ ...file[index]?.labels, team: 'platform' });
      expect(alert.annotations).toEqual(file[index]?.annotations);
    }
    const down = alerts.find(({ alert }) => alert === 'BatonDown');
    expect(down?.expr).toBe('absent(up{job="conductor",namespace="baton-system"} == 1)');
    expect(find(objects, 'ServiceMonitor', 'conductor').metadata.labels).toMatchObject({ release: 'prometheus' });
  });
});
