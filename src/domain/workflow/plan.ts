import type { WorkflowStatus, WorkflowStep } from '../../api/kinds.ts';
import { formatDuration } from '../duration.ts';
import { type Action, changesSomething } from './action.ts';
import { finish } from './ending.ts';
import type { Answer } from './operation.ts';
import { parallelSteps, stepsOf } from './rules.ts';
import type { Run } from './run.ts';
import { line } from './bounds.ts';
import { stamp } from './times.ts';
import { actionOf, effectOf, forwardTrack } from './track.ts';
import { undoOf } from './undo.ts';

type Entry = NonNullable<WorkflowStatus['plan']>[number];

const DIFFS_BYTES = 96 * 1_024;
const MESSAGES_BYTES = 24 * 1_024;

/** Mode Plan: what each step would do, tried as a dry run. */
export function plan(run: Run): void {
  const { status } = run;
  status.startedAt ??= stamp(run.now);
  const known = new Map(status.plan?.map((entry) => [entry.step, entry]));
  let free = parallelSteps(run.spec);
  const entries = stepsOf(run.spec).flatMap((step) => {
    const entry = known.get(step.name) ?? (free > 0 ? look(run, step) : undefined);
    if (entry === undefined) free -= 1;
    return entry === undefined ? [] : [entry];
  });
  status.plan = entries;
  if (entries.length === stepsOf(run.spec).length) finish(run, 'Planned');
}

function look(run: Run, step: WorkflowStep): Entry | undefined {
  const track = forwardTrack(run, step.name);
  const resolved = actionOf(run, track);
  if (!resolved.ok) {
    // Templates that use what earlier steps find cannot be filled in before these have run.
    const isLater = run.graph.before(step.name).size > 0 && /\bsteps\b/.test(JSON.stringify(step));
    const message = isLater ? 'it is known only when it runs: it uses what earlier steps find' : resolved.message;
    return entryOf(run, step, message, isLater ? undefined : false);
  }
  const { action } = resolved;
  if (!changesSomething(action)) return entryOf(run, step, wordsOf(action), true);
  const opId = run.opId(step.name, 1, 'Forward');
  const answer = run.take('Prepare', opId);
  if (answer === undefined || answer.kind === 'waiting') {
    if (answer !== undefined) run.postpone('Prepare', opId, run.now + answer.lookAgainInMs);
    else run.ask('Prepare', opId, () => effectOf(run, track, action, 1, opId));
    return undefined;
  }
  return entryOfAnswer(run, step, answer);
}

function entryOfAnswer(run: Run, step: WorkflowStep, answer: Answer): Entry {
  if (answer.kind !== 'prepared')
    return entryOf(run, step, 'message' in answer && answer.message ? answer.message : answer.kind, false);
  const { message = 'it can be done', diff } = answer.rehearsal ?? {};
  return entryOf(run, step, message, true, diff);
}

function entryOf(run: Run, step: WorkflowStep, message: string, ok: boolean | undefined, diff?: string): Entry {
  const steps = stepsOf(run.spec).length;
  const bytes = Math.min(256, Math.floor(MESSAGES_BYTES / steps));
  return {
    step: step.name,
    message: line(message, bytes),
    ...(ok !== undefined && { ok }),
    undo: undoOf(step),
    ...(diff !== undefined && { diff: lines(diff, Math.min(1_024, Math.floor(DIFFS_BYTES / steps))) }),
  };
}

/** As many whole lines as fit. */
function lines(text: string, bytes: number): string {
  const all = text.slice(0, bytes * 2).split('\n');
  const kept: string[] = [];
  let left = bytes - 4;
  for (const each of all) {
    const short = line(each, Math.max(left, 4));
    left -= new TextEncoder().encode(JSON.stringify(short)).length;
    if (left < 0) return [...kept, '…'].join('\n');
    kept.push(short);
  }
  return kept.join('\n');
}

function wordsOf(action: Action): string {
  switch (action.kind) {
    case 'wait': {
      if (action.durationMs !== undefined) return `waits for ${formatDuration(action.durationMs)}`;
      const what = action.condition ?? action.expression ?? '';
      return `waits until ${action.target?.kind ?? ''} ${action.target?.name ?? ''} has ${what}`;
    }
    case 'health': {
      const lasting = action.forMs > 0 ? ` for ${formatDuration(action.forMs)}` : '';
      return `waits until ${action.service} is at least ${action.atLeast}${lasting}`;
    }
    case 'approval':
      return `waits for ${action.required} approval${action.required === 1 ? '' : 's'}`;
    case 'http':
      return `asks ${action.method} ${action.url}`;
    case 'scale':
    case 'restart':
    case 'patch':
    case 'job':
    case 'failover':
    case 'workflow':
      return `does ${action.kind}`;
  }
}
