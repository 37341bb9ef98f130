import type { Kysely, Transaction } from 'kysely';
import type { Batch, LoadPoint, Series } from './rows.ts';
import type { Tables } from './schema.ts';

/** Few enough for the limit of variables of every database, with up to fourteen columns. */
const ROWS_A_STATEMENT = 200;
/** What one step of deleting takes: some megabytes in the log at most, and some ten milliseconds. */
const POINTS_A_STEP = 20_000;
const SERIES_A_STEP = 100;

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

  /**
   * Deletes everything from before that moment (ms since the epoch), a little in each step and each step a transaction: so the log stays short,
   * others are answered in between, and what was begun may be left there.
   */
  async *prune(before: number): AsyncGenerator<void> {
    while ((await this.#pruneDecisions(before)) > 0) yield;
    let ids = (await this.#db.selectFrom('series').select('id').execute()).map(({ id }) => id);
    while (ids.length > 0) {
      ids = ids.slice(await this.#prunePoints(ids.slice(0, SERIES_A_STEP), before));
      yield;
    }
    await this.#db
      .deleteFrom('series')
      .where((build) =>
        build.not(build.exists(build.selectFrom('points').select('at').whereRef('points.series', '=', 'series.id'))),
      )
      .execute();
    this.#ids.clear();
  }

  /** Resolves with how many went. */
  async #pruneDecisions(before: number): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('decisions')
      .where('id', 'in', (build) =>
        build.selectFrom('decisions').select('id').where('at', '<', before).orderBy('at').limit(ROWS_A_STATEMENT),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }

  /** Resolves with of how many of these series nothing is left to delete, from the first on. */
  async #prunePoints(ids: readonly number[], before: number): Promise<number> {
    return this.#db.transaction().execute(async (transaction) => {
      let room = POINTS_A_STEP;
      for (const [index, series] of ids.entries()) {
        const old = transaction.selectFrom('points').select('at').where('series', '=', series).where('at', '<', before);
        const stop = await old.orderBy('at').offset(room).limit(1).executeTakeFirst();
        const { numDeletedRows } = await transaction
          .deleteFrom('points')
          .where('series', '=', series)
          .where('at', '<', stop?.at ?? before)
          .executeTakeFirstOrThrow();
        if (stop !== undefined) return index;
        room -= Number(numDeletedRows);
      }
      return ids.length;
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
