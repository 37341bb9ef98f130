import { z } from 'zod';
import { between, pick, randomOf } from './random.ts';
import { CASE_NAMES } from './workflows/cases.ts';

/** Those that one operator of one namespace can go through at the same time. */
export const BESIDE = ['evict', 'restart', 'failover', 'failoverUnfenced', 'startup'] as const;
/** It puts the clock on by itself, which would hurry whatever else is going on. */
export const SOLE = ['maintenance'] as const;
/** A halt concerns the whole cluster: one at a time. */
export const ALONE = ['halt', 'stop'] as const;
/** As long as several of the others: never the second. */
export const LONG = ['workflow-all-undone'] as const;
const DRAWN = [...BESIDE, ...LONG, ...SOLE, ...ALONE] as const;
type DrawnName = (typeof DRAWN)[number];
/** All kinds of steps side by side, and one kind each, carried out and undone; and what else becomes of workflows. */
export const WORKFLOWS = [
  'workflow-all',
  'workflow-all-undone',
  ...CASE_NAMES.map((kind) => `workflow-${kind}` as const),
  ...CASE_NAMES.map((kind) => `workflow-${kind}-undone` as const),
  'workflow-lock',
  'workflow-cancel',
  'workflow-schedule',
] as const;
export type ScenarioName = DrawnName | (typeof WORKFLOWS)[number];
export const SCENARIOS: readonly ScenarioName[] = [...new Set<ScenarioName>([...DRAWN, ...WORKFLOWS])];

/** How many writes an undisturbed run of each takes, about: faults hit one of these. */
const POINTS: Readonly<Record<DrawnName, number>> = {
  evict: 6,
  restart: 11,
  maintenance: 9,
  failover: 30,
  failoverUnfenced: 24,
  startup: 40,
  'workflow-all-undone': 55,
  halt: 27,
  stop: 26,
};

const at = z.int().min(1);
const ms = z.int().min(1).max(60_000);
const moment = z.enum(['before', 'after']);

/** What goes wrong at the write of that number: since the things happened that Baton is to act on, whichever replica makes it. */
const fault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('kill'), at, when: moment }),
  z.strictObject({ kind: z.literal('stop'), at, ms }),
  z.strictObject({ kind: z.literal('drop'), at, when: moment }),
  z.strictObject({ kind: z.literal('refuse'), at, status: z.int().min(400).max(599), count: z.int().min(1).max(50) }),
  z.strictObject({ kind: z.literal('slow'), at, ms }),
  z.strictObject({ kind: z.literal('split'), at, ms }),
  z.strictObject({ kind: z.literal('freeze'), at, ms }),
  z.strictObject({ kind: z.literal('jump'), at, ms: z.int() }),
]);
export type Fault = z.infer<typeof fault>;

export const scheduleSchema = z.strictObject({
  scenarios: z.array(z.enum(SCENARIOS)).min(1),
  replicas: z.int().min(1).max(3),
  faults: z.array(fault),
  /** Beside: the replica is killed before, or after, every write that is tried for the first time. It leads at once when it is back. */
  always: moment.optional(),
});
export type Schedule = z.infer<typeof scheduleSchema>;

const MOST_FAULTS = 3;
/** Of ten runs so many are halts, which go one after the other. */
const HALTS_IN_TEN = 2;

/** The schedule of run `run` of a seed. */
export function draw(seed: number, run: number): Schedule {
  const random = randomOf(seed, run);
  const scenarios = drawScenarios(random);
  const replicas = between(random, 1, 2);
  const points = scenarios.reduce((sum, name) => sum + POINTS[name], 0);
  const count = between(random, 1, MOST_FAULTS);
  const faults = Array.from({ length: count }, () => drawFault(random, between(random, 1, points)));
  return { scenarios, replicas, faults: faults.toSorted((a, b) => a.at - b.at) };
}

function drawScenarios(random: () => number): DrawnName[] {
  if (random() * 10 < HALTS_IN_TEN) return [pick(random, ALONE)];
  const first = pick(random, [...BESIDE, ...LONG, ...SOLE]);
  const second = pick(random, BESIDE);
  return first === second || first === 'maintenance' ? [first] : [first, second];
}

/** Back by more than a lease: what waits for a time waits until the clock has caught up, so more would only be waited for. */
const JUMPS_MS = [-10_000, -4_000, 30_000, 300_000] as const;
/** Kills are what is asked about most. */
const KINDS = ['kill', 'kill', 'kill', 'stop', 'drop', 'refuse', 'slow', 'split', 'freeze', 'jump'] as const;

function drawFault(random: () => number, at: number): Fault {
  const kind = pick(random, KINDS);
  switch (kind) {
    case 'kill':
    case 'drop':
      return { kind, at, when: pick(random, ['before', 'after'] as const) };
    case 'refuse':
      return { kind, at, status: pick(random, [429, 500, 503]), count: between(random, 1, 8) };
    case 'stop':
    case 'slow':
      return { kind, at, ms: between(random, 100, 5_000) };
    case 'split':
    case 'freeze':
      return { kind, at, ms: between(random, 500, 6_000) };
    case 'jump':
      return { kind, at, ms: pick(random, JUMPS_MS) };
  }
}

/** For people. */
export function words({ scenarios, replicas, faults, always }: Schedule): string {
  const who = replicas === 1 ? 'one replica' : `${replicas} replicas`;
  const what = faults.map((each) => `  at write ${each.at}: ${said(each)}`);
  const killed = always === undefined ? [] : [`  at every new write: ${said({ kind: 'kill', at: 1, when: always })}`];
  return [`${scenarios.join(' and ')}, ${who}`, ...killed, ...what].join('\n');
}

const seconds = (ms: number): string => `${ms / 1_000} s`;

function said(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
      return `kill the replica ${fault.when === 'before' ? 'before it is sent on' : 'when it is done, before the answer'}`;
    case 'stop':
      return `stop the replica (SIGTERM), and hold the write up for ${seconds(fault.ms)}`;
    case 'drop':
      return `drop the connection ${fault.when === 'before' ? 'before it is sent on' : 'when it is done, without the answer'}`;
    case 'refuse':
      return `answer it, and all but the lease until ${fault.count} requests were, with ${fault.status}`;
    case 'slow':
      return `hold it up for ${seconds(fault.ms)}, and send it on even if nobody waits any more`;
    case 'split':
      return `cut the replica off for ${seconds(fault.ms)}`;
    case 'freeze':
      return `freeze the replica for ${seconds(fault.ms)}`;
    case 'jump':
      return `put the clocks of all replicas ${seconds(Math.abs(fault.ms))} ${fault.ms < 0 ? 'back' : 'on'}`;
  }
}
