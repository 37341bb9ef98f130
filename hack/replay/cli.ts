// `npm run replay -- FILE.csv`: a load series through Baton's scaler and through the HPA's arithmetic. See docs/prediction.md.
import { readFileSync } from 'node:fs';
import { figures } from './figures.ts';
import { type Command, parseOptions, USAGE } from './options.ts';
import { type Outcome, replay } from './replay.ts';
import { parseSeries, SeriesError } from './series.ts';

const USAGE_ERROR = 2;
const DATA_ERROR = 1;

function exit(code: number, message: string): never {
  console.error(message);
  process.exit(code);
}

function command(): Command {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    return exit(USAGE_ERROR, `${(error as Error).message}\n\n${USAGE}`);
  }
}

function run(options: Command): Outcome {
  try {
    return replay(parseSeries(readFileSync(options.file, 'utf8')), options);
  } catch (error) {
    const isData = error instanceof SeriesError || (error as NodeJS.ErrnoException).code !== undefined;
    if (!isData) throw error;
    return exit(DATA_ERROR, `${options.file}: ${(error as Error).message}`);
  }
}

function table({ hpa, baton, podCapacity, trustedShare }: Outcome): string {
  const rows = [
    ['', 'HPA', 'Baton'],
    ['under-provisioned seconds', hpa.underProvisionedSeconds.toFixed(0), baton.underProvisionedSeconds.toFixed(0)],
    ['pod hours', hpa.podHours.toFixed(1), baton.podHours.toFixed(1)],
    ['scale events', String(hpa.scaleEvents), String(baton.scaleEvents)],
  ];
  const lines = rows.map(
    ([name = '', one = '', other = '']) => `${name.padEnd(26)}${one.padStart(12)}${other.padStart(12)}`,
  );
  const capacity = Number(podCapacity.toPrecision(4));
  return `${lines.join('\n')}\n\npod capacity ${capacity}; the forecast was trusted ${(trustedShare * 100).toFixed(1)} % of the time`;
}

if (process.argv.includes('--help')) {
  console.log(USAGE);
} else if (process.argv.includes('--figures')) {
  for (const line of figures()) console.log(line);
} else {
  const options = command();
  const outcome = run(options);
  const { hpa, baton } = outcome;
  console.log(options.json ? JSON.stringify({ hpa, baton }, null, 2) : table(outcome));
}
