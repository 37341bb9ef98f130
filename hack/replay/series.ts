/** A load that lasts from `at` (ms since the epoch) until the next point. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/** What is wrong with a file, and on which line. */
export class SeriesError extends Error {
  override readonly name = 'SeriesError';
}

/** Later numbers are milliseconds, earlier ones seconds: the border is the year 5138 and March 1973. */
const MILLISECONDS_FROM = 1e11;
const DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * Reads `timestamp,value` lines, with or without a line of names at the top. Timestamps are ISO 8601 (UTC where they name no zone) or Unix
 * time in seconds or milliseconds, and rise. Throws a SeriesError that names the line.
 */
export function parseSeries(text: string): Point[] {
  const points: Point[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || (index === 0 && isHeader(line))) continue;
    const point = parseLine(line, index + 1);
    const before = points.at(-1);
    if (before !== undefined && point.at <= before.at) fail(index + 1, 'the timestamp is not after the one before');
    points.push(point);
  }
  if (points.length < 2) throw new SeriesError(`${points.length} points: at least 2 are needed`);
  return points;
}

const fieldsOf = (line: string): string[] => line.split(',').map((field) => field.trim().replace(/^"(.*)"$/, '$1'));

/** Names of columns: neither of them is what it would have to be. */
function isHeader(line: string): boolean {
  const [time = '', value = '', ...more] = fieldsOf(line);
  return more.length === 0 && value !== '' && Number.isNaN(parseTime(time)) && Number.isNaN(parseNumber(value));
}

function parseLine(line: string, number: number): Point {
  const fields = fieldsOf(line);
  const [time = '', value = ''] = fields;
  if (fields.length !== 2) fail(number, `${fields.length} fields instead of timestamp,value`);
  const at = parseTime(time);
  if (Number.isNaN(at)) fail(number, `${JSON.stringify(time)} is not a timestamp`);
  const load = parseNumber(value);
  if (Number.isNaN(load)) fail(number, `${JSON.stringify(value)} is not a number`);
  if (load < 0) fail(number, `the load ${value} is negative`);
  return { at, value: load };
}

function parseTime(text: string): number {
  const number = parseNumber(text);
  if (!Number.isNaN(number)) return Math.round(number >= MILLISECONDS_FROM ? number : number * 1_000);
  if (!DATE.test(text)) return NaN;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text.slice(10)) || text.length === 10;
  return Date.parse(zoned ? text : `${text}Z`);
}

const parseNumber = (text: string): number =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : NaN;

function fail(line: number, what: string): never {
  throw new SeriesError(`line ${line}: ${what}`);
}

/** How long the last point lasts: the usual distance between points. */
export function spacing(points: readonly Point[]): number {
  const gaps = points.slice(1).map(({ at }, index) => at - (points[index]?.at ?? at));
  return gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0;
}

export const meanLoad = (points: readonly Point[]): number =>
  points.reduce((sum, { value }) => sum + value, 0) / points.length;
