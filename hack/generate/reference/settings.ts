import { z } from 'zod';
import { settingsSchema } from '../../../src/config/schema.ts';
import { formatDuration } from '../../../src/domain/duration.ts';
import { code, generatedFrom, table } from './markdown.ts';

interface Setting {
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
}

/** docs/reference/settings.md */
export function settingsReference(): string {
  const { properties = {} } = z.toJSONSchema(settingsSchema, { io: 'input' }) as {
    properties?: Record<string, Setting>;
  };
  const defaults: Record<string, unknown> = settingsSchema.parse({});
  const rows = Object.entries(properties).map(([key, setting]) => [
    code(key),
    code(`--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`),
    code(`BATON_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`),
    code(defaultOf(setting, defaults[key])),
    [setting.description ?? '', allowed(key, setting)].filter(Boolean).join(' '),
  ]);
  return [
    generatedFrom('src/config/schema.ts'),
    '# Settings of the process\n',
    'What cannot be policy because it is needed before the policy can be read; everything else is in `Orchestration/default` ([API](api.md)). ' +
      'Defaults are overridden by a YAML file (`--config FILE`), that by the environment, that by flags. A mistake stops the process with a message ' +
      'that names the key, what was given and what is allowed.\n',
    table(['key in the file', 'flag', 'environment', 'default', 'meaning'], rows),
    '',
  ].join('\n');
}

/** Durations are milliseconds and sizes bytes once parsed, and a text with units where people write them. */
function defaultOf({ pattern }: Setting, value: unknown): string {
  if (typeof value === 'number' && pattern?.includes('Mi')) return `${value / 1_024 ** 2}Mi`;
  if (typeof value === 'number' && pattern !== undefined) return formatDuration(value);
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

/** What the schema itself answers to a value that no setting takes, so that the page and the message cannot disagree. */
function allowed(key: string, { enum: values }: Setting): string {
  if (values !== undefined) return `Allowed: ${values.map(String).map(code).join(', ')}.`;
  const { error } = settingsSchema.safeParse({ [key]: '\0' });
  const said = error?.issues.find(({ path }) => path[0] === key)?.message.replace(/^allowed: /, '');
  return said === undefined ? '' : `Allowed: ${said}.`;
}
