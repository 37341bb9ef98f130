import { parseArgs } from 'node:util';
import type { Scale } from './fleet.ts';
import type { HaltPlan } from './halt.ts';
import type { Timing } from './run.ts';
import type { ScalingPlan } from './scaling/index.ts';
import { SYSTEM_NAMES, type SystemName } from './systems.ts';
import type { WorkflowsPlan } from './workflows/index.ts';

export const PARTS = ['operators', 'scaling', 'halt', 'workflows'] as const;
/** Baton beside another operator, scaling beside the HorizontalPodAutoscaler, an emergency halt and workflows beside the bare API server. */
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly scales: readonly Scale[];
  readonly pairs: number;
  readonly timing: Timing;
  readonly scaling: ScalingPlan;
  readonly halt: HaltPlan;
  readonly workflows: WorkflowsPlan;
  readonly systems: readonly SystemName[];
  readonly json: string | undefined;
  readonly profile: boolean;
}

export const USAGE = `npm run bench -- [options]
  --part NAME,...   of operators, scaling, halt and workflows (default all)
  --scale SxP,...   services x pods of each (default 200x5,1000x10); scaling takes the last, and halt its services
  --pairs N         alternating pairs of runs; the figures are medians (default 5; of the other parts 3)
  --quick           one pair at 50x3 with short windows and few steps: a trial, not a measurement
  --only NAME       baton or peer alone
  --profile         Baton alone, once, with a CPU profile in .bench/profile
  --json FILE       a second copy of the results`;

const FULL: Timing = { plan: { changes: 800, perSecond: 40 }, settleMs: 12_000, quietMs: 20_000, tailMs: 12_000 };
const QUICK: Timing = { plan: { changes: 200, perSecond: 40 }, settleMs: 3000, quietMs: 5000, tailMs: 3000 };

const FULL_SCALING: ScalingPlan = {
  decisions: { services: 1000, rounds: 100 },
  latency: { default: { services: 50, steps: 6 }, fast: { services: 10, steps: 30 } },
  cost: { scale: { services: 1000, replicas: 10 }, rounds: 3, settleMs: 15_000, windowMs: 30_000 },
};
const QUICK_SCALING: ScalingPlan = {
  decisions: { services: 50, rounds: 20 },
  latency: { default: { services: 5, steps: 1 }, fast: { services: 5, steps: 3 } },
  cost: { scale: { services: 50, replicas: 3 }, rounds: 1, settleMs: 3000, windowMs: 15_000 },
};

/** Pods that follow are no part of what is measured of a halt. */
const HALT_PODS = 2;
const HALT_ROUNDS = 3;

const FULL_WORKFLOWS: WorkflowsPlan = {
  rounds: 3,
  instant: 500,
  bursts: 6,
  together: 50,
  alone: 200,
  scaling: 200,
  settleMs: 8_000,
};
const QUICK_WORKFLOWS: WorkflowsPlan = {
  ...FULL_WORKFLOWS,
  rounds: 1,
  bursts: 2,
  alone: 50,
  scaling: 20,
  settleMs: 3_000,
};

/** Throws with a message for people when an option is wrong. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: 'string' },
      scale: { type: 'string' },
      pairs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      profile: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const single = values.quick || values.profile;
  const scales = (values.scale ?? (values.quick ? '50x3' : '200x5,1000x10')).split(',').map(scaleOf);
  const haltRounds = values.pairs ?? String(single ? 1 : HALT_ROUNDS);
  const { cost, ...others } = values.quick ? QUICK_SCALING : FULL_SCALING;
  const workflows = values.quick ? QUICK_WORKFLOWS : FULL_WORKFLOWS;
  const rounds = values.pairs ?? String(values.profile ? 1 : cost.rounds);
  return {
    parts: partsOf(values.part),
    scales,
    pairs: positive('--pairs', values.pairs ?? (single ? '1' : '5')),
    timing: values.quick ? QUICK : FULL,
    scaling: { ...others, cost: { ...cost, scale: scales.at(-1) ?? cost.scale, rounds: positive('--pairs', rounds) } },
    halt: {
      scale: { services: scales.at(-1)?.services ?? cost.scale.services, replicas: HALT_PODS },
      rounds: positive('--pairs', haltRounds),
    },
    workflows: { ...workflows, rounds: positive('--pairs', values.pairs ?? String(single ? 1 : workflows.rounds)) },
    systems: values.profile ? ['baton'] : systemsOf(values.only),
    json: values.json,
    profile: values.profile,
  };
}

function scaleOf(text: string): Scale {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (match === null) throw new Error(`--scale: ${text} is not SERVICESxPODS, such as 200x5`);
  return { services: positive('--scale', match[1] ?? ''), replicas: positive('--scale', match[2] ?? '') };
}

function positive(option: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new Error(`${option}: ${text} is not a whole number from 1 to 99999`);
  return Number(text);
}

function systemsOf(only: string | undefined): readonly SystemName[] {
  if (only === undefined) return SYSTEM_NAMES;
  const name = SYSTEM_NAMES.find((candidate) => candidate === only);
  if (name === undefined) throw new Error(`--only: ${only} is neither baton nor peer`);
  return [name];
}

function partsOf(part: string | undefined): readonly Part[] {
  if (part === undefined) return PARTS;
  const names = part.split(',');
  const unknown = names.find((name) => !PARTS.some((known) => known === name));
  if (unknown !== undefined) throw new Error(`--part: ${unknown} is none of operators, scaling, halt and workflows`);
  return PARTS.filter((known) => names.includes(known));
}
