import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bed } from './support/bed.ts';
import { eventually } from '../support/eventually.ts';
import { osvc, workload } from './support/objects.ts';

let bed: Bed;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'baton-history-'));
  bed = await Bed.make('op-history');
});
afterEach(async () => {
  await bed.close();
  rmSync(folder, { recursive: true });
});

interface Row {
  readonly id: string;
  readonly name: string;
  readonly uid: string;
  readonly before: string;
  readonly verdict: string;
  readonly rule: string;
  readonly outcome: string;
  readonly because: string;
  readonly kind: string;
  readonly confidence: number;
  readonly inputs: string;
}

/** Decisions of that kind as they were recorded, oldest first, as soon as the last one is of that verdict. */
async function recorded(path: string, verdict: string, kind = 'Health'): Promise<Row[]> {
  const look = (): Promise<Row[]> => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    try {
      const rows = database.prepare('select * from decisions where kind = ? order by at').all(kind);
      return Promise.resolve(rows as unknown as Row[]);
    } finally {
      database.close();
    }
  };
  return eventually(`${kind} ${verdict} in the history`, 15, look, (rows) => rows.at(-1)?.verdict === verdict);
}

async function ready(value: boolean): Promise<void> {
  for (const pod of await bed.pods('web')) await bed.setReady(pod, value);
}

describe('the history of the operator', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('has each decision with its evidence, also after %s', async (signal) => {
    const path = join(folder, 'history.db');
    const first = await bed.start('--history-path', path, '--no-leader-election');
    await bed.create(workload('Deployment', 'web'));
    await bed.create(osvc('web'));
    const { metadata } = await bed.healthy('web');
    await ready(false);
    await bed.level('web', 'Failed');
    const before = await recorded(path, 'Failed');
    const fell = before.at(-1);
    expect(fell).toMatchObject({ subject: 'OrchestratedService', name: 'web', uid: metadata.uid, outcome: 'Written' });
    expect(fell?.because).toContain(`${fell?.before} → Failed: `);
    expect(JSON.parse(fell?.inputs ?? '')).toMatchObject({ score: 0, ready: 0 });
    // The thread tells of what it has written a moment after others can read it.
    const counted = () => first.metric('baton_history_rows_written_total{table="decisions"}');
    await eventually('rows are counted', 30, counted, (count = 0) => count > 0);
    const size = () => first.metric('baton_history_size_bytes');
    await eventually('the size is told', 30, size, (bytes = 0) => bytes > 4_096);
    expect(await first.metric('baton_history_last_error_timestamp_seconds')).toBeUndefined();
    await first.end(signal);

    await bed.start('--history-path', path, '--no-leader-election');
    await ready(true);
    await bed.level('web', 'Healthy');
    const after = await recorded(path, 'Healthy');
    expect(after.slice(0, before.length)).toEqual(before);
    expect(new Set(after.map(({ id }) => id)).size).toBe(after.length);
    expect(after.at(-1)).toMatchObject({ name: 'web', uid: metadata.uid });
  });

  it('has decisions about the replicas with what they followed from, and lastDecision stays the last of them', async () => {
    const path = join(folder, 'history.db');
    await bed.start('--history-path', path, '--no-leader-election');
    const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } };
    const scaling = { minReplicas: 3, maxReplicas: 5, metrics: [{ type: 'Resource', resource: cpu }] };
    await bed.create(workload('Deployment', 'web', { replicas: 1 }));
    await bed.create(osvc('web', { mode: 'Observe', scaling }));
    const [would] = await recorded(path, 'WouldScaleUp', 'Scaling');
    expect(would).toMatchObject({ before: '1', outcome: 'Rehearsed', rule: 'TooFewReplicas', confidence: 1 });
    expect(would?.because).toMatch(/^would go from 1 to 3: .* below minReplicas 3/);
    await bed.patchService('web', { spec: { mode: 'Enforce' } });
    const done = (await recorded(path, 'ScaledUp', 'Scaling')).at(-1);
    expect(done).toMatchObject({ before: '1', outcome: 'Done', rule: 'TooFewReplicas', confidence: 1 });
    expect(JSON.parse(done?.inputs ?? '')).toMatchObject({ current: 1, desired: 3, minReplicas: 3, maxReplicas: 5 });
    await eventually(
      'three pods',
      20,
      () => bed.pods('web'),
      (pods) => pods.length === 3,
    );
    await bed.until('web', 'three ready pods', ({ status }) => status?.replicas?.ready === 3);
    await ready(false);
    const { status } = await bed.level('web', 'Failed');
    expect(status?.lastDecision).toMatchObject({
      kind: 'Scaling',
      verdict: 'ScaledUp',
      outcome: 'Done',
      rule: 'TooFewReplicas',
      because: expect.stringMatching(/^1 → 3: .* below minReplicas 3/),
    });
  });

  it('costs nothing where it is off', async () => {
    const operator = await bed.start();
    const { text } = await operator.page('metrics', '/metrics');
    expect(text.split('\n').filter((line) => line.startsWith('baton_history_'))).toEqual([]);
  });
});
