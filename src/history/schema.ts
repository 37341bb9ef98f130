import { type Generated, type Kysely, sql, type Transaction } from 'kysely';
import type { DecisionRow } from './rows.ts';

export interface Tables {
  history_version: { version: number };
  series: { id: Generated<number>; key: string };
  /** `at` in ms since the epoch. */
  points: { series: number; at: number; value: number };
  decisions: DecisionRow;
}

/**
 * One step for each version, none of which may change once it was released. SQLite and PostgreSQL both take them; what a table needs of one of
 * them alone is in `storage`.
 */
const MIGRATIONS: readonly ((db: Transaction<Tables>, storage: Storage) => Promise<void>)[] = [createTables];

export interface Storage {
  /** Type of a whole number that is counted up. */
  readonly serial: 'integer' | 'serial';
  /** Ends the table of points. */
  readonly clustered: string;
}

async function createTables(db: Transaction<Tables>, { serial, clustered }: Storage): Promise<void> {
  await db.schema
    .createTable('series')
    .addColumn('id', serial, (column) => column.primaryKey())
    .addColumn('key', 'text', (column) => column.notNull().unique())
    .execute();
  await db.schema
    .createTable('points')
    .addColumn('series', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('value', 'double precision', (column) => column.notNull())
    .addPrimaryKeyConstraint('points_key', ['series', 'at'])
    .modifyEnd(sql.raw(clustered))
    .execute();
  await db.schema
    .createTable('decisions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('namespace', 'text')
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('uid', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('rule', 'text', (column) => column.notNull())
    .addColumn('before', 'text', (column) => column.notNull())
    .addColumn('verdict', 'text', (column) => column.notNull())
    .addColumn('confidence', 'double precision')
    .addColumn('inputs', 'text', (column) => column.notNull())
    .addColumn('because', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('decisions_at').on('decisions').column('at').execute();
  await db.schema.createIndex('decisions_of').on('decisions').columns(['namespace', 'name', 'at']).execute();
}

/** The database is of a version that this program does not know. */
export class NewerVersion extends Error {
  override name = 'NewerVersion';
  readonly version: number;
  readonly known = MIGRATIONS.length;

  constructor(version: number) {
    super(`version ${version}`);
    this.version = version;
  }
}

/**
 * Brings an empty or older database to the version of this program, all or nothing.
 * @throws {NewerVersion}
 */
export async function migrate(db: Kysely<Tables>, storage: Storage): Promise<void> {
  await db.schema
    .createTable('history_version')
    .ifNotExists()
    .addColumn('version', 'integer', (column) => column.notNull())
    .execute();
  const row = await db.selectFrom('history_version').select('version').executeTakeFirst();
  const from = row?.version ?? 0;
  if (from > MIGRATIONS.length) throw new NewerVersion(from);
  if (from === MIGRATIONS.length) return;
  await db.transaction().execute(async (transaction) => {
    for (const step of MIGRATIONS.slice(from)) await step(transaction, storage);
    await transaction.deleteFrom('history_version').execute();
    await transaction.insertInto('history_version').values({ version: MIGRATIONS.length }).execute();
  });
}
