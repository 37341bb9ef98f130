import type { Kysely, Transaction } from 'kysely';
import type { Batch, LoadPoint, Series } from './rows.ts';
import type { Tables } from './schema.ts';

/** Few enough for the limit of variables of every database, with up to fourteen columns. */
const ROWS_A_STATEMENT = 200;

/** Reads and writes the tables; knows no database in particular. One call at a time. */
export class HistoryStore {
  readonly #db: Kysely<Tables>;
  readonly #ids = new Map<string, number>();

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** All of it or nothing. A decision that is there already stays, a point is replaced: so a batch may be written again. */
  async write({ points, decisions }: Batch): Promise<void> {
    const created = await this.#db.transaction().execute(async (transaction) => {
      const ids = await idsOf(transaction, points, this.#ids);
      for (const values of chunks(rowsOf(points, (key) => ids.get(key) ?? this.#ids.get(key))))
        await transaction
          .insertInto('points')
          .values(values)
          .onConflict((conflict) =>
            conflict.columns(['series', 'at']).doUpdateSet({ value: (row) => row.ref('excluded.value') }),
          )
          .execute();
      for (const values of chunks(decisions))
        await transaction
          .insertInto('decisions')
          .values(values)
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute();
      return ids;
    });
    // Not before: what was rolled back has no id.
    for (const [key, id] of created) this.#ids.set(key, id);
  }

  /** Points at or after `since` (ms since the epoch), oldest first; none of a series that is not known. */
  async loadSeries(key: string, since: number): Promise<Series> {
    const rows = await this.#db
      .selectFrom('points')
      .innerJoin('series', 'series.id', 'points.series')
      .select(['at', 'value'])
      .where('series.key', '=', key)
      .where('at', '>=', since)
      .orderBy('at')
      .execute();
    return { at: Float64Array.from(rows, ({ at }) => at), value: Float64Array.from(rows, ({ value }) => value) };
  }

  /** Deletes everything from before that moment (ms since the epoch). */
  async prune(before: number): Promise<void> {
    this.#ids.clear();
    await this.#db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('decisions').where('at', '<', before).execute();
      // By series, as the key of a point begins with it.
      await transaction
        .deleteFrom('points')
        .where('series', 'in', (build) => build.selectFrom('series').select('id'))
        .where('at', '<', before)
        .execute();
      await transaction
        .deleteFrom('series')
        .where((build) =>
          build.not(build.exists(build.selectFrom('points').select('at').whereRef('points.series', '=', 'series.id'))),
        )
        .execute();
    });
  }

  /** Moments of the oldest and the newest row, ms since the epoch; undefined when there is none. */
  async span(): Promise<{ readonly from: number; readonly to: number } | undefined> {
    const decisions = await this.#db
      .selectFrom('decisions')
      .select(({ fn }) => [fn.min('at').as('from'), fn.max('at').as('to')])
      .executeTakeFirstOrThrow();
    const series = await this.#db
      .selectFrom('series')
      .select((build) => [
        build
          .selectFrom('points')
          .select(({ fn }) => fn.min('at').as('at'))
          .whereRef('points.series', '=', 'series.id')
          .as('from'),
        build
          .selectFrom('points')
          .select(({ fn }) => fn.max('at').as('at'))
          .whereRef('points.series', '=', 'series.id')
          .as('to'),
      ])
      .execute();
    const from = [decisions, ...series].reduce((least, one) => Math.min(least, one.from ?? Infinity), Infinity);
    const to = [decisions, ...series].reduce((most, one) => Math.max(most, one.to ?? -Infinity), -Infinity);
    return from <= to ? { from, to } : undefined;
  }
}

/** Ids of the series that are not known yet, which are created where they are absent. */
async function idsOf(
  transaction: Transaction<Tables>,
  points: readonly LoadPoint[],
  known: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const unknown = [...new Set(points.map(({ key }) => key))].filter((key) => !known.has(key));
  const ids = new Map<string, number>();
  for (const keys of chunks(unknown)) {
    await transaction
      .insertInto('series')
      .values(keys.map((key) => ({ key })))
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
    for (const { id, key } of await transaction.selectFrom('series').selectAll().where('key', 'in', keys).execute())
      ids.set(key, id);
  }
  return ids;
}

/** One row for each series and moment, the last one: a statement may not meet a row twice. */
function rowsOf(points: readonly LoadPoint[], idOf: (key: string) => number | undefined): Tables['points'][] {
  const rows = new Map<string, Tables['points']>();
  for (const { key, at, value } of points) {
    const series = idOf(key);
    if (series === undefined) throw new Error(`series ${key} has no id`);
    rows.set(`${series}/${at}`, { series, at, value });
  }
  return [...rows.values()];
}

function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) yield rows.slice(from, from + ROWS_A_STATEMENT);
}
