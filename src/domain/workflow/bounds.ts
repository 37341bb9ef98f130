import type { StepStatus, WorkflowStatus } from '../../api/kinds.ts';
import { DEEPEST, isNestedDeeper } from '../nesting.ts';

// The API server and etcd take objects of up to 1.5 MiB; a status of a workflow stays under 200 KiB, so that a thousand of them fit into a cache.
const KIB = 1_024;
const STATUS_BYTES = 188 * KIB;
/** The spec and the status of an object are kept together. */
const SPEC_BYTES = KIB * KIB;
/** Levels above what a Job is made of. */
const ABOVE_JOBS = 10;
const DATA_BYTES = 96 * KIB;
/** Of one `before`, and of the outputs of one step. */
const ITEM_BYTES = 4 * KIB;
/** Of `before` that undoing found, which the room has a place for: how much more than that. */
const SLACK_BYTES = 8 * KIB;
/** Of a step with the longest name, undone, without its messages and data. */
const STEP_BYTES = 480;
const MESSAGE_BYTES = 256;
const MESSAGES_BYTES = 12 * KIB;
const LOCKS_BYTES = 32 * KIB;
/** As many as the status has room for (crds/workflows.baton.dev.yaml). */
const MOST_LOCKS = 300;

const encoder = new TextEncoder();

/** What a step found is not changed any more, and measured often. */
const measured = new WeakMap<object, number>();

function sizeOf(value: Readonly<Record<string, unknown>> | undefined): number {
  if (value === undefined) return 0;
  const known = measured.get(value);
  if (known !== undefined) return known;
  const bytes = bytesOf(value);
  measured.set(value, bytes);
  return bytes;
}

/** As JSON in UTF-8. */
export const bytesOf = (value: unknown): number =>
  value === undefined ? 0 : encoder.encode(JSON.stringify(value)).length;

/** Why there would be no room for a status beside what is to be done. */
export function whyTooLarge(content: object): string | undefined {
  if (isNestedDeeper(content, DEEPEST + ABOVE_JOBS)) return `it is nested deeper than ${DEEPEST} levels`;
  const bytes = bytesOf(content);
  return bytes > SPEC_BYTES
    ? `it takes ${bytes} bytes, and at most ${SPEC_BYTES} leave room for its status; let Jobs read what is large`
    : undefined;
}

/** Why the status has no room for the locks. */
export function whyNoLocks(locks: readonly string[]): string | undefined {
  if (locks.length > MOST_LOCKS) return `it has ${locks.length} targets, and at most ${MOST_LOCKS} can be locked`;
  return bytesOf(locks) > LOCKS_BYTES ? `the names of all its targets take more than ${LOCKS_BYTES} bytes` : undefined;
}

/** Of a message of one step, where there are so many of them. */
export const messageBytes = (steps: number): number =>
  Math.max(64, Math.min(MESSAGE_BYTES, Math.floor(MESSAGES_BYTES / Math.max(steps, 1))));

/** One line of so many bytes in JSON: texts of others end up in it. */
export function line(text: string, bytes: number): string {
  const clean = text
    .slice(0, bytes * 2)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  if (bytesOf(clean) - 2 <= bytes) return clean;
  let left = bytes - 3;
  let short = '';
  for (const character of clean) {
    left -= bytesOf(character) - 2;
    if (left < 0) break;
    short += character;
  }
  return `${short}…`;
}

/** Room for what steps found and what was before them. */
function room({ steps = [], locks = [] }: WorkflowStatus): number {
  const fixed = steps.length * (STEP_BYTES + 2 * messageBytes(steps.length)) + bytesOf(locks);
  return Math.min(DATA_BYTES, STATUS_BYTES - fixed);
}

/** For each `before` as much again is kept free: undoing finds something of that size, too. */
const reserved = ({ before, original, outputs }: StepStatus): number =>
  2 * sizeOf(before) + sizeOf(original) + sizeOf(outputs);
const taken = ({ before, original, outputs, compensation }: StepStatus): number =>
  sizeOf(before) + sizeOf(original) + sizeOf(outputs) + sizeOf(compensation?.before);

const sum = ({ steps = [] }: WorkflowStatus, of: (step: StepStatus) => number): number =>
  steps.reduce((total, step) => total + of(step), 0);

/** Why `before` cannot be kept. */
export function whyNoRoom(
  status: WorkflowStatus,
  before: unknown,
  direction: 'Forward' | 'Backward',
): string | undefined {
  const bytes = bytesOf(before);
  const limit = room(status);
  if (bytes > ITEM_BYTES)
    return `what is there now takes ${bytes} bytes, and at most ${ITEM_BYTES} can be kept of a step`;
  const fits =
    direction === 'Forward'
      ? sum(status, reserved) + 2 * bytes <= limit
      : sum(status, taken) + bytes <= limit + SLACK_BYTES;
  return fits ? undefined : `at most ${limit} bytes can be kept of all steps together, and they are taken`;
}

/** Why outputs are left out. They leave a quarter of the room to what undoing needs. */
export function whyNoOutputs(status: WorkflowStatus, outputs: unknown): string | undefined {
  const bytes = bytesOf(outputs);
  if (bytes > ITEM_BYTES)
    return `its outputs take ${bytes} bytes, at most ${ITEM_BYTES} can be kept: they are left out`;
  const limit = Math.floor(room(status) * 0.75);
  return sum(status, reserved) + bytes <= limit
    ? undefined
    : `all outputs together may take ${limit} bytes: those of this step are left out`;
}
