import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { settingsSchema, type Settings } from './schema.ts';

/** The settings are wrong; `message` has one line a mistake: which key, where it came from, what was given, what is allowed. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

const KEYS = Object.keys(settingsSchema.shape);
// Kubernetes sets BATON_SERVICE_HOST, BATON_PORT_8443_TCP and the like for a Service named baton; the project's tools have their own.
const NOT_SETTINGS =
  /^BATON_(SERVICE_(HOST|PORT)|PORT($|_)|(CLUSTER|E2E|TEST|BENCH|DEMO)_)|_(SERVICE_(HOST|PORT)|PORT)(_|$)/;

// BATON_CONFIG names the file; BATON_VERSION is what the build puts in, and may be set for a run from source.
const NO_SETTINGS_EITHER = new Set(['BATON_CONFIG', 'BATON_VERSION']);

const SWITCHES = new Set(['leaderElection']);

const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const variable = (key: string): string => `BATON_${kebab(key).replaceAll('-', '_').toUpperCase()}`;

type Source = Record<string, { value: unknown; from: string }>;

/** What `--help` prints: every flag with what it is for. */
export function usage(): string {
  const flags = KEYS.map(
    (key) => [flagOf(key), settingsSchema.shape[key as keyof Settings].description ?? ''] as const,
  );
  const rows = [['--config FILE', 'YAML file with settings.'] as const, ...flags];
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return [
    'baton [options]',
    ...rows.map(([flag, meaning]) => `  ${flag.padEnd(width)}  ${meaning}`),
    'Each can be a key of the file (leaseName) or in the environment (BATON_LEASE_NAME) too. Defaults and what is allowed: docs/reference/settings.md',
  ].join('\n');
}

const flagOf = (key: string): string =>
  SWITCHES.has(key) ? `--[no-]${kebab(key)}` : `--${kebab(key)} ${kebab(key).split('-').at(-1)?.toUpperCase()}`;

/**
 * Reads the settings: defaults < file (`--config FILE` or BATON_CONFIG, YAML) < `BATON_*` < flags.
 * @throws {SettingsError} naming each key that is unknown or wrong.
 */
export function loadSettings(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Settings {
  const { flags, file } = readFlags(args);
  const path = file ?? env['BATON_CONFIG'];
  const given: Source = { ...(path ? readFile(path) : {}), ...readEnvironment(env), ...flags };
  const parsed = settingsSchema.safeParse(
    Object.fromEntries(Object.entries(given).map(([key, { value }]) => [key, value])),
  );
  if (parsed.success) return parsed.data;
  throw new SettingsError(parsed.error.issues.map((issue) => explain(issue, given)).join('\n'));
}

function explain(issue: { path: PropertyKey[]; message: string; code: string }, given: Source): string {
  if (issue.code === 'unrecognized_keys') {
    return (issue as unknown as { keys: string[] }).keys
      .map((key) => `${given[key]?.from ?? key}: unknown key; allowed: ${KEYS.join(', ')}`)
      .join('\n');
  }
  const key = String(issue.path[0]);
  const source = given[key];
  const said = issue.message.replace(/^Invalid (option|input): expected /, 'allowed: ').replaceAll('"|"', '", "');
  return `${source?.from ?? key}: given ${source ? JSON.stringify(source.value) : 'the default'}; ${said}`;
}

function readFlags(args: readonly string[]): { flags: Source; file: string | undefined } {
  const options: Record<string, { type: 'string' | 'boolean' }> = { config: { type: 'string' } };
  for (const key of KEYS) options[kebab(key)] = { type: SWITCHES.has(key) ? 'boolean' : 'string' };
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args: [...args], options, strict: true, allowNegative: true }).values;
  } catch (error) {
    const names = KEYS.flatMap((key) =>
      SWITCHES.has(key) ? [`--${kebab(key)}`, `--no-${kebab(key)}`] : `--${kebab(key)}`,
    );
    throw new SettingsError(`${(error as Error).message.split('. ')[0]}; allowed: --config, ${names.join(', ')}`);
  }
  const flags: Source = {};
  for (const key of KEYS) {
    const value = values[kebab(key)];
    if (value !== undefined) flags[key] = { value, from: `--${kebab(key)}` };
  }
  return { flags, file: values['config'] as string | undefined };
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Source {
  const byVariable = new Map(KEYS.map((key) => [variable(key), key]));
  const source: Source = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('BATON_') || NO_SETTINGS_EITHER.has(name) || value === undefined) continue;
    if (NOT_SETTINGS.test(name)) continue;
    // An unknown variable goes on under its own name, so that the schema refuses it and a typing error does not pass unseen.
    source[byVariable.get(name) ?? name] = { value, from: name };
  }
  return source;
}

function readFile(path: string): Source {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    throw new SettingsError(`${path}: ${(error as Error).message}; allowed: a YAML file with settings`);
  }
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new SettingsError(`${path}: given ${JSON.stringify(content)}; allowed: a YAML mapping of settings`);
  }
  return Object.fromEntries(
    Object.entries(content as object).map(([key, value]) => [key, { value, from: `${path}: ${key}` }]),
  );
}
