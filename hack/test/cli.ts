// npm test: everything that CI runs, in lanes. Arguments name stages: npm test -- unit cluster
import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MissingPrerequisite } from '../cluster/index.ts';
import { type Ended, Lanes, type Part } from './lanes.ts';
import { DIR, notRun, partsOf, STAGES } from './parts.ts';
import { FAILURE, NOTHING, plus, summary } from './stage.ts';

const PROGRESS_MS = 30_000;

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !STAGES.some((stage) => stage === name));
if (unknown.length > 0) {
  console.error(`no stage ${unknown.join(', ')}; there are ${STAGES.join(', ')}`);
  process.exit(2);
}
await rm(DIR, { recursive: true, force: true });
await mkdir(DIR, { recursive: true });
// The operator is started from source more than a hundred times; what V8 makes of it is kept for the next.
process.env['NODE_COMPILE_CACHE'] ??= resolve(DIR, 'compiled');
// Some twenty control planes are started, and a third of the processor's time goes to their API servers: with rarer collections each takes 2.1 s
// instead of 3.0 s of it to be ready, and 390 MiB instead of 270 at its peak.
process.env['GOGC'] ??= '400';

const parts = STAGES.filter((stage) => wanted.length === 0 || wanted.includes(stage))
  .flatMap(partsOf)
  .map(told);
const lanes = new Lanes(parts);
const endeds: Ended[] = [];
const clock = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;

/** The same part; what it throws is told where its output goes, and is a failure. */
function told(part: Part): Part {
  const run: Part['run'] = (write) =>
    part.run(write).catch((error: unknown) => {
      const text = error instanceof MissingPrerequisite ? error.message : String((error as Error).stack ?? error);
      (write ?? console.error)(`${text}\n`);
      return FAILURE;
    });
  return { ...part, run };
}

const progress = setInterval(() => {
  const running = lanes.running.map(
    ({ part, seconds }) => `${part.name} for ${clock(seconds)} of about ${clock(part.seconds)}`,
  );
  if (parts.length > 1) console.log(`… ${running.join(', ')}; all that is left about ${clock(lanes.secondsLeft)}`);
}, PROGRESS_MS);

// Ctrl-C reaches every child too, as they are in the same process group, and SIGTERM is passed on; they clean up, and then it is our turn.
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    lanes.stop();
    console.log('\ninterrupted; waiting for what runs to clean up (again Ctrl-C: do not wait)');
  });
}

await lanes.run({
  began: ({ name, what, seconds }, left) =>
    console.log(`> ${name}: ${what} (about ${clock(seconds)}; all that is left about ${clock(left)})`),
  ended: (ended) => {
    endeds.push(ended);
    const { part, outcome, seconds, output } = ended;
    if (output !== '') console.log(`\n===== ${part.name} =====\n${output.trimEnd()}`);
    console.log(
      `===== ${part.name} [${endeds.length}/${parts.length}]: ${summary(outcome)} in ${Math.round(seconds)} s\n`,
    );
  },
});
clearInterval(progress);
for (const { part, outcome, seconds } of endeds.toSorted((a, b) => parts.indexOf(a.part) - parts.indexOf(b.part)))
  console.log(`${part.name}: ${summary(outcome)} in ${Math.round(seconds)} s`);
for (const line of notRun) console.log(`not run: ${line}`);
const total = endeds.reduce((sum, { outcome }) => plus(sum, outcome), NOTHING);
// What counts no tests of its own says why at the end of its output.
const LAST_LINES = 12;
for (const { part, outcome, output } of endeds) {
  const last = [part.name, ...output.trimEnd().split('\n').slice(-LAST_LINES)].join('\n    ');
  const failures = outcome.failed > 0 && outcome.failures.length === 0 ? [last] : outcome.failures;
  for (const failure of failures) console.log(`failed: ${failure}`);
}
console.log(summary(total));
process.exit(interrupted ? 130 : total.failed === 0 && total.passed > 0 ? 0 : 1);
