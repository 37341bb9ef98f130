import {
  parse as parseYaml,
  type ParseOptions,
  type ScalarTag,
  type SchemaOptions,
  type ToJSOptions,
  YAMLParseError,
} from 'yaml';
import { parseDuration } from '../duration.ts';
import { type Action, isObjectName, type ObjectReference } from './action.ts';
import type { Expression, Problem, Scope } from './expression.ts';
import type { WrittenAction } from './input.ts';
import { isTemplate, readTemplate, textOf } from './template.ts';

export type { WrittenAction };

/** Names that templates and `when` may use. */
export const NAMES = ['parameters', 'steps', 'workflow'] as const;

const MAX_REPLICAS = 100_000;
const MAX_WAIT_MS = 168 * 3_600_000;

/** Why an action cannot be made of what is written. */
class Unresolvable extends Error {}

/** The action with all its templates filled in and everything of the right type. */
export function resolve(
  written: WrittenAction,
  scope: Scope,
): { readonly ok: true; readonly action: Action } | Problem {
  try {
    return { ok: true, action: actionOf(written, new Filler(scope)) };
  } catch (error) {
    if (error instanceof Unresolvable) return { ok: false, message: error.message };
    throw error;
  }
}

/** The expressions in the templates of an action, or what is wrong with one of them. */
export function expressionsOf(
  written: WrittenAction,
): { readonly ok: true; readonly expressions: readonly Expression[] } | Problem {
  const found: Expression[] = [];
  try {
    for (const text of templatesIn(templated(written))) {
      const read = readTemplate(text, NAMES);
      if (!read.ok) return read;
      found.push(...read.template.expressions);
    }
  } catch (error) {
    if (error instanceof Unresolvable) return { ok: false, message: error.message };
    throw error;
  }
  return { ok: true, expressions: found };
}

/** All that may hold templates, as it is filled in: a patch by what it says, and no texts that are expressions as a whole. */
function templated({ patch, wait, http, ...others }: WrittenAction): unknown {
  return [
    others,
    patch && { ...patch, patch: parsedPatch(patch) },
    wait && { ...wait, expression: undefined },
    http && { ...http, expect: undefined },
  ];
}

function templatesIn(value: unknown): string[] {
  if (typeof value === 'string') return isTemplate(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(templatesIn);
}

class Filler {
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  value(text: string): unknown {
    if (!isTemplate(text)) return text;
    const read = readTemplate(text, NAMES);
    if (!read.ok) throw new Unresolvable(read.message);
    const filled = read.template.render(this.#scope);
    if (!filled.ok) throw new Unresolvable(filled.message);
    return inJson(filled.value);
  }

  text(text: string): string {
    return textOf(this.value(text));
  }

  name(field: string, text: string): string {
    const name = this.text(text);
    if (!isObjectName(name))
      throw new Unresolvable(`${field} has to be the name of an object, and is ${JSON.stringify(name.slice(0, 80))}`);
    return name;
  }

  target({ apiVersion, kind, name }: ObjectReference): ObjectReference {
    return { apiVersion, kind, name: this.name('target.name', name) };
  }

  deep(value: unknown): unknown {
    if (typeof value === 'string') return this.value(value);
    if (Array.isArray(value)) return value.map((item) => this.deep(item));
    if (typeof value !== 'object' || value === null) return inJson(value);
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, this.deep(field)]));
  }
}

/** JSON has no such numbers, and null would be written for them: in a patch that takes the field away. */
function inJson(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Unresolvable(`there is no number ${value} in JSON`);
  return value;
}

function actionOf(written: WrittenAction, filler: Filler): Action {
  const { scale, restart, patch, job, wait, health, http, failover, approval, workflow } = written;
  if (scale)
    return { kind: 'scale', target: filler.target(scale.target), replicas: replicasOf(scale.replicas, filler) };
  if (restart) return { kind: 'restart', target: filler.target(restart.target) };
  if (patch)
    return { kind: 'patch', target: filler.target(patch.target), type: patch.type, patch: patchOf(patch, filler) };
  if (job) return { kind: 'job', template: filler.deep(job.template) as Record<string, unknown> };
  if (wait) return waitOf(wait, filler);
  if (health) {
    const { service, atLeast, for: lasting } = health;
    const forMs = lasting === undefined ? 0 : parseDuration(lasting);
    return { kind: 'health', service: filler.name('health.service', service), atLeast, forMs };
  }
  if (http) return httpOf(http, filler);
  if (failover)
    return { kind: 'failover', service: filler.name('failover.service', failover.service), to: failover.to };
  if (approval)
    return {
      kind: 'approval',
      users: approval.users ?? [],
      groups: approval.groups ?? [],
      required: approval.required,
      message: filler.text(approval.message ?? ''),
    };
  if (workflow) return childOf(workflow, filler);
  throw new Unresolvable('there is no action');
}

function replicasOf(written: number | string, filler: Filler): number {
  const value = typeof written === 'number' ? written : filler.value(written);
  const replicas = typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
  if (typeof replicas === 'number' && Number.isSafeInteger(replicas) && replicas >= 0 && replicas <= MAX_REPLICAS)
    return replicas;
  throw new Unresolvable(
    `scale.replicas has to be a whole number from 0 to ${MAX_REPLICAS}, and is ${JSON.stringify(value)?.slice(0, 80)}`,
  );
}

type WrittenPatch = NonNullable<WrittenAction['patch']>;

function patchOf(patch: WrittenPatch, filler: Filler): unknown {
  const { type } = patch;
  // Templates are filled in after it was parsed, so that what a parameter holds stays a text in the patch.
  const parsed = parsedPatch(patch);
  const isList = Array.isArray(parsed);
  if (type === 'JSON' ? !isList : typeof parsed !== 'object' || parsed === null || isList)
    throw new Unresolvable(
      type === 'JSON'
        ? 'patch.patch has to be a list of operations (type JSON)'
        : 'patch.patch has to be an object; a list of operations needs type: JSON',
    );
  return filler.deep(parsed);
}

/** `0644` is 644 in YAML 1.2, and 420 to kubectl, which reads YAML 1.1: who wrote it may have meant either. */
const PADDED: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-9]+$/,
  resolve: (text, onError) => {
    const decimal = Number(text);
    const octal = /[89]/.test(text) ? undefined : Number.parseInt(text, 8);
    const readings =
      octal === undefined
        ? `${decimal} with zeros before it`
        : `${octal} to kubectl, which reads it as octal, and ${decimal} in YAML 1.2`;
    onError(`${text} is ${readings}: write ${octal ?? decimal}, or quotes for a text`);
    return text;
  },
};

/** Aliases multiply, and tags give what JSON does not have. */
const YAML = {
  maxAliasCount: 0,
  stringKeys: true,
  resolveKnownTags: false,
  logLevel: 'error',
  customTags: (tags) => [PADDED, ...tags],
} as const satisfies ParseOptions & SchemaOptions & ToJSOptions & { logLevel: 'error' };

/** Some KB of YAML take as long as a whole workflow else does, and a step is looked at again and again. */
const parsedPatches = new WeakMap<WrittenPatch, unknown>();

function parsedPatch(written: WrittenPatch): unknown {
  if (parsedPatches.has(written)) return parsedPatches.get(written);
  try {
    const parsed: unknown = parseYaml(written.patch, YAML);
    parsedPatches.set(written, parsed);
    return parsed;
  } catch (error) {
    const because = String(error).split('\n', 1)[0] ?? '';
    if (error instanceof YAMLParseError && error.code === 'TAG_RESOLVE_FAILED')
      throw new Unresolvable(`patch.patch: ${because.replace(/^\w+: /, '').replace(/:$/, '')}`);
    // YAML reads a template without quotes as a map whose key is a map.
    const hint = because.includes('keys must be strings') ? "; write templates in quotes: '{{ ... }}'" : '';
    throw new Unresolvable(`patch.patch is neither JSON nor YAML: ${because}${hint}`);
  }
}

function waitOf(wait: NonNullable<WrittenAction['wait']>, filler: Filler): Action {
  const { duration, target, condition, expression } = wait;
  if (duration === undefined)
    return {
      kind: 'wait',
      ...(target && { target: filler.target(target) }),
      ...(condition !== undefined && { condition }),
      ...(expression !== undefined && { expression }),
    };
  const text = filler.text(duration);
  try {
    const durationMs = parseDuration(text);
    if (durationMs <= MAX_WAIT_MS) return { kind: 'wait', durationMs };
  } catch {
    // Said below.
  }
  throw new Unresolvable(
    `wait.duration has to be from 0s to 168h, such as 90s, and is ${JSON.stringify(text.slice(0, 80))}`,
  );
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

function httpOf(http: NonNullable<WrittenAction['http']>, filler: Filler): Action {
  const { url, method, headers = [], body, expect, idempotent } = http;
  return {
    kind: 'http',
    url: filler.text(url),
    method,
    headers: headers.map(({ name, value }) => ({ name, value: filler.text(value) })),
    body: body === undefined ? undefined : filler.text(body),
    status: expect.status,
    expression: expect.expression,
    idempotent: idempotent ?? IDEMPOTENT.has(method),
  };
}

function childOf({ template, parameters = [], name }: NonNullable<WrittenAction['workflow']>, filler: Filler): Action {
  if (name !== undefined) return { kind: 'workflow', name: filler.name('workflow.name', name) };
  const values = parameters.map((parameter) => ({ name: parameter.name, value: filler.text(parameter.value) }));
  return { kind: 'workflow', template: filler.name('workflow.template', template ?? ''), parameters: values };
}
