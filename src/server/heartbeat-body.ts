import { z } from 'zod';
import type { HeartbeatInput } from './api.ts';

/** A component's clock may be this far ahead. */
const AHEAD_MS = 30_000;
/** The longest staleAfter: what is older could not count anywhere. */
const BEHIND_MS = 24 * 60 * 60 * 1000;
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Use may pass 1 for a moment, by the way it is measured; a percentage sent by mistake should still be told. */
const RATIO = 'a ratio from 0 to 1 (up to 2 where use passes its limit); 87 % is 0.87';
const SECONDS = 'seconds from 0 to 86400; 250 ms is 0.25';

const ALLOWED: Readonly<Record<string, string>> = {
  cpu: RATIO,
  memory: RATIO,
  error_rate: 'a ratio from 0 to 1; 5 % is 0.05',
  response_time_seconds: SECONDS,
  response_time: `${SECONDS}; it is another name of response_time_seconds`,
  timestamp: 'RFC 3339 such as 2026-01-31T12:00:00Z, or milliseconds since 1970; at most 24 h old and 30 s ahead',
  source: 'the name of the sender, 1 to 253 letters, digits and . _ : / -',
};

const ratio = z.number().min(0).max(2);
const seconds = z.number().min(0).max(86_400);
const heartbeat = z.strictObject({
  cpu: ratio.optional(),
  memory: ratio.optional(),
  error_rate: z.number().min(0).max(1).optional(),
  response_time_seconds: seconds.optional(),
  response_time: seconds.optional(),
  timestamp: z.union([z.string().max(64).regex(RFC3339), z.int().min(0)]).optional(),
  source: z
    .string()
    .regex(/^[A-Za-z0-9._:/-]{1,253}$/)
    .optional(),
});

export type ParsedBody =
  | {
      readonly ok: true;
      readonly sender: string | undefined;
      readonly values: HeartbeatInput['values'];
      readonly timestamp?: number;
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads what a component posted. Each problem names the key, what was given and what is allowed. Never throws. */
export function parseHeartbeat(text: string, now: number): ParsedBody {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused(
      `the body is no JSON: ${shown(text)}; allowed is an object such as {"cpu": 0.4, "error_rate": 0.01}`,
    );
  }
  const parsed = heartbeat.safeParse(json);
  if (!parsed.success)
    return { ok: false, problems: parsed.error.issues.slice(0, 10).flatMap((issue) => describe(issue, json)) };
  const { source, timestamp, response_time, ...values } = parsed.data;
  if (response_time !== undefined) {
    if (values.response_time_seconds !== undefined)
      return refused('response_time and response_time_seconds are the same; send one');
    values.response_time_seconds = response_time;
  }
  if (Object.keys(values).length === 0)
    return refused('there is no figure; send one of cpu, memory, error_rate, response_time_seconds');
  if (timestamp === undefined) return { ok: true, sender: source, values: defined(values) };
  const at = typeof timestamp === 'number' ? timestamp : Date.parse(timestamp);
  if (!(at <= now + AHEAD_MS && at >= now - BEHIND_MS)) {
    return refused(
      `timestamp: ${shown(timestamp)} is not allowed here, where it is ${isoOf(now)}; allowed is ${ALLOWED['timestamp']}`,
    );
  }
  return { ok: true, sender: source, values: defined(values), timestamp: at };
}

const refused = (problem: string): ParsedBody => ({ ok: false, problems: [problem] });

const isoOf = (ms: number): string => new Date(ms).toISOString();

function describe(issue: z.core.$ZodIssue, json: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, 10)
      .map((key) => `${shown(key)}: no such key; allowed are ${Object.keys(ALLOWED).join(', ')}`);
  }
  const key = issue.path.join('.');
  if (key === '') return [`the body is ${shown(json)}; allowed is an object such as {"cpu": 0.4, "error_rate": 0.01}`];
  const given = (json as Record<string, unknown>)[key];
  return [`${key}: ${shown(given)} is not allowed; allowed is ${ALLOWED[key]}`];
}

/** A short, one-line picture of what was given; it goes back to the sender and into the log. */
function shown(value: unknown): string {
  const text =
    typeof value === 'object' && value !== null
      ? Array.isArray(value)
        ? 'a list'
        : 'an object'
      : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

function defined(values: { [K in keyof HeartbeatInput['values']]: number | undefined }): HeartbeatInput['values'] {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
