import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSettings, SettingsError, usage } from '../../../src/config/load.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'baton-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, `${Math.random()}.yaml`);
  writeFileSync(path, content);
  return path;
}

function mistake(args: string[], env: Record<string, string> = {}): string {
  try {
    loadSettings(args, env);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('where settings come from', () => {
  it('takes defaults when nothing is given', () => {
    expect(loadSettings([], {})).toMatchObject({
      workers: 32,
      leaseDuration: 15_000,
      leaderElection: true,
      namespace: '',
    });
  });

  it('lets the file win over defaults, the environment over the file and flags over the environment', () => {
    const path = file('workers: 4\nlogLevel: warn\nleaseName: from-file\n');
    const settings = loadSettings(['--config', path, '--lease-name', 'from-flag'], {
      BATON_LOG_LEVEL: 'debug',
      BATON_LEASE_NAME: 'from-env',
    });
    expect(settings).toMatchObject({ workers: 4, logLevel: 'debug', leaseName: 'from-flag' });
  });

  it('finds the file by BATON_CONFIG', () => {
    expect(loadSettings([], { BATON_CONFIG: file('leaderElection: false') }).leaderElection).toBe(false);
  });

  it('reads durations in days and sizes', () => {
    const env = { BATON_HISTORY_RETENTION: '7d', BATON_HISTORY_MAX_SIZE: '2Gi' };
    expect(loadSettings([], env)).toMatchObject({ historyRetention: 604_800_000, historyMaxSize: 2_147_483_648 });
  });

  it('reads an empty file as no settings', () => {
    expect(loadSettings(['--config', file('')], {}).workers).toBe(32);
  });

  it('reads switches as flags, also negated', () => {
    expect(loadSettings(['--no-leader-election'], {}).leaderElection).toBe(false);
    expect(loadSettings([], { BATON_LEADER_ELECTION: 'false' }).leaderElection).toBe(false);
  });

  it('passes over the version, which the build puts in', () => {
    expect(loadSettings([], { BATON_VERSION: '1.2.3' }).workers).toBe(32);
  });

  it('passes over the variables that Kubernetes sets for a Service named baton', () => {
    const env = {
      BATON_SERVICE_HOST: '10.0.0.1',
      BATON_SERVICE_PORT_METRICS: '8080',
      BATON_PORT: 'tcp://10.0.0.1:8080',
    };
    expect(loadSettings([], { ...env, BATON_PORT_8080_TCP_ADDR: '10.0.0.1' }).workers).toBe(32);
  });
});

describe('a mistake names the key, what was given and what is allowed', () => {
  it.each([
    [['--workers', '0'], {}, /^--workers: given "0"; allowed: a whole number from 1 to 256$/],
    [[], { BATON_WORKERS: 'many' }, /^BATON_WORKERS: given "many"; allowed: a whole number from 1 to 256$/],
    [['--log-level', 'loud'], {}, /^--log-level: given "loud"; allowed: one of "trace", "debug"/],
    [['--lease-duration', '15'], {}, /^--lease-duration: given "15"; allowed: a duration such as 15s.*$/],
    // The Lease holds whole seconds.
    [['--lease-duration', '15500ms'], {}, /^--lease-duration: given "15500ms"; allowed: 1s to 1h, whole seconds$/],
    [['--shutdown-timeout', '500ms'], {}, /^--shutdown-timeout: given "500ms"; allowed: 2s to 5m$/],
    [['--leader-election=false'], {}, /--no-leader-election/],
    [['--history-max-size', '1TB'], {}, /^--history-max-size: given "1TB"; allowed: a size such as 512Mi/],
    [
      [],
      { BATON_HISTORY_MAX_SIZE: '16Mi' },
      /^BATON_HISTORY_MAX_SIZE: given "16Mi"; allowed: a size .* 32Mi to 1024Gi$/,
    ],
    [['--history-retention', '30m'], {}, /^--history-retention: given "30m"; allowed: 1h to 3650d$/],
    [['--metrics-address', '8080'], {}, /^--metrics-address: given "8080"; allowed: host:port/],
    [['--metrics-address', ':99999'], {}, /^--metrics-address: given ":99999"; allowed: host:port/],
    [['--lease-name', 'Baton!'], {}, /^--lease-name: given "Baton!"; allowed: lower case letters/],
    [[], { BATON_WORKER: '3' }, /^BATON_WORKER: unknown key; allowed: .*workers/],
    [['--worker', '3'], {}, /--worker.*allowed: .*--workers/],
    [['surplus'], {}, /surplus.*allowed/],
    [['--renew-deadline', '20s'], {}, /^--renew-deadline: given "20s"; allowed: less than leaseDuration \(15000 ms\)/],
    [
      ['--tls-cert-file', '/cert.pem'],
      {},
      /tlsKeyFile: given the default; allowed: tlsCertFile and tlsKeyFile both or neither/,
    ],
    [[], { BATON_LEADER_ELECTION: 'maybe' }, /^BATON_LEADER_ELECTION: given "maybe"; allowed: true or false/],
  ] as [string[], Record<string, string>, RegExp][])('%j %j', (args, env, message) => {
    expect(mistake(args, env)).toMatch(message);
  });

  it('says the file and the key for a mistake in it', () => {
    const path = file('workers: [1]\nlogLevels: info\n');
    const text = mistake(['--config', path]);
    expect(text).toContain(`${path}: workers: given [1]; allowed: a whole number`);
    expect(text).toContain(`${path}: logLevels: unknown key; allowed:`);
  });

  it('refuses a file that is missing, or that is not a mapping', () => {
    expect(mistake(['--config', '/does/not/exist.yaml'])).toContain('/does/not/exist.yaml: ENOENT');
    expect(mistake(['--config', file('- a')])).toContain('allowed: a YAML mapping');
  });
});

it('has a usage that names every flag once, with what it is for', () => {
  const lines = usage().split('\n');
  for (const flag of mistake(['--nonsense'])
    .match(/--[a-z-]+/g)
    ?.slice(1) ?? []) {
    const name = flag.replace(/^--(no-)?/, '');
    const rows = lines.filter((line) => line.trim().startsWith(`--${name} `) || line.includes(`--[no-]${name} `));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatch(/\S {2,}\S.*\.$/);
  }
});
