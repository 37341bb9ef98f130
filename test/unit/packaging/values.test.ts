import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../src/config/schema.ts';
import { helmBinary } from '../../../hack/generate/helm.ts';
import { find, render, settingsOf } from './rendered.ts';

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  enum?: string[];
  pattern?: string;
}

beforeAll(async () => {
  await helmBinary();
}, 300_000);

const load = async () => ({
  schema: JSON.parse(await readFile('charts/baton/values.schema.json', 'utf8')) as Schema,
  values: parse(await readFile('charts/baton/values.yaml', 'utf8')) as Record<string, unknown>,
});

describe('values.schema.json', () => {
  it('knows every value of values.yaml and no other', async () => {
    const { schema, values } = await load();
    const { global: _, ...known } = schema.properties ?? {};
    expect(differences({ ...schema, properties: known }, values, 'values')).toEqual([]);
  });

  it.each([
    ['replicas="two"', "'/replicas': got string, want integer"],
    ['replicas=99', "'/replicas': maximum: got 99, want 10"],
    ['replica=2', "additional properties 'replica' not allowed"],
    ['config.loglevel="debug"', "'/config': additional properties 'loglevel' not allowed"],
    ['config.logLevel="loud"', "'/config/logLevel': value must be one of 'trace'"],
    ['config.leaseDuration=15', "'/config/leaseDuration': got number, want string"],
    ['config.leaseDuration="15500ms"', "'/config/leaseDuration': '15500ms' does not match pattern"],
    ['config.metricsAddress=":9"', "additional properties 'metricsAddress' not allowed"],
    ['image.pullPolicy="Sometimes"', "'/image/pullPolicy': value must be one of"],
    ['image.digest="latest"', "'/image/digest'"],
    ['runAsUser=0', "'/runAsUser': minimum: got 0, want 1"],
    ['extraEnv=[{"name":"BATON_ADVERTISE_HOST","value":"1.2.3.4"}]', "'/extraEnv/0/name'"],
    ['podDisruptionBudget={"enabled":true,"minAvailable":1,"maxUnavailable":1}', 'write one of them'],
    ['serviceAccount={"create":false}', 'serviceAccount.name is needed'],
  ])('refuses %s and says why', async (value, message) => {
    await expect(render([value])).rejects.toThrow(message);
  });

  it('takes the same settings as the operator, with the same defaults', async () => {
    const { schema, values } = await load();
    const config = schema.properties?.['config']?.properties ?? {};
    for (const key of Object.keys(config)) expect(Object.keys(settingsSchema.shape)).toContain(key);
    expect(config['logLevel']?.enum).toEqual(settingsSchema.shape.logLevel.unwrap().options);
    expect(config['logFormat']?.enum).toEqual(settingsSchema.shape.logFormat.unwrap().options);
    const defaults = settingsSchema.parse({});
    expect(settingsSchema.parse(values['config'])).toEqual(defaults);
    expect(settingsOf(await render())).toEqual(defaults);
  });

  it('takes no duration that the operator would refuse, and every one that people write', async () => {
    const { schema } = await load();
    const retention = schema.properties?.['history']?.properties?.['retention'];
    const { leaseDuration, renewDeadline, retryPeriod, shutdownTimeout, historyRetention } = settingsSchema.shape;
    const { config } = schema.properties ?? {};
    const of = (key: string) => new RegExp(config?.properties?.[key]?.pattern ?? '');
    const counts = [
      ...Array(1_300).keys(),
      3_599,
      3_600,
      3_601,
      3_650,
      3_651,
      9_999,
      15_500,
      99_999,
      600_001,
      999_999_999,
    ];
    const texts = counts.flatMap((count) => ['ms', 's', 'm', 'h', 'd'].map((unit) => `${count}${unit}`));
    const everyday = ['1s', '15s', '90s', '1m', '5m', '10m', '1h', '500ms', '2500ms', '24h', '7d', '90d', '365d'];
    for (const [pattern, setting] of [
      [of('leaseDuration'), leaseDuration],
      [of('renewDeadline'), renewDeadline],
      [of('retryPeriod'), retryPeriod],
      [of('shutdownTimeout'), shutdownTimeout],
      [new RegExp(retention?.pattern ?? ''), historyRetention],
    ] as const) {
      const isTaken = (text: string): boolean => setting.safeParse(text).success;
      expect(texts.filter((text) => pattern.test(text) && !isTaken(text))).toEqual([]);
      expect(everyday.filter((text) => isTaken(text) && !pattern.test(text))).toEqual([]);
    }
  });

  it('hands on what was set, and the files of a certificate of one’s own', async () => {
    const settings = settingsOf(await render(['config.workers=8', 'heartbeats.existingSecret="own"']));
    expect(settings).toMatchObject({ workers: 8, tlsCertFile: '/etc/baton/tls/tls.crt' });
    const off = await render(['heartbeats.enabled=false']);
    expect(settingsOf(off).heartbeatAddress).toBe('');
    expect(JSON.stringify(find(off, 'Service'))).not.toContain('8443');
  });
});

/** Where values and schema do not name the same things; free-form objects (maps, as in a pod) end the comparison. */
function differences(schema: Schema, values: unknown, path: string): string[] {
  if (schema.properties === undefined) return [];
  if (schema.additionalProperties !== false) return [`${path} takes unknown keys`];
  const given = values as Record<string, unknown>;
  const optional = path === 'values.resources';
  const missing = Object.keys(schema.properties).filter((key) => !(key in given) && !optional);
  return [
    ...missing.map((key) => `${path}.${key} is not in values.yaml`),
    ...Object.entries(given).flatMap(([key, value]) => {
      const child = schema.properties?.[key];
      return child ? differences(child, value, `${path}.${key}`) : [`${path}.${key} is not in the schema`];
    }),
  ];
}
