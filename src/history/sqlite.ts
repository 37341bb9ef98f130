import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import { migrate, NewerVersion, type Tables } from './schema.ts';
import { HistoryStore } from './store.ts';

/** `PRAGMA application_id` of our files, "Batn": a database of somebody else is never written to. */
const APPLICATION_ID = 0x4261746e;
const MAGIC = 'SQLite format 3\0';
const PAGE_BYTES = 4_096;
/** What the write-ahead log takes at most beside the database: a batch in which each point is on a page of its own, and what is not moved yet. */
const LOG_BYTES = 8 * 1_024 * 1_024;
/** So many pages in the log are moved into the database after a batch. */
const LOG_PAGES = 500;
/** How long to wait for another process that writes, ms. */
const BUSY_MS = 5_000;

/** This share of the room is kept free, and at least what the largest batch may need; where less is free, the oldest goes. */
const FREE_SHARE = 0.1;
const BATCH_PAGES = 1_536;
/** How much more is freed then, so that it is not soon the turn of the next. */
const TRIM_SHARE = 0.15;
/** How much of the time that is kept goes in one step. */
const TRIM_STEP = 0.1;
const VACUUM_PAGES = 500;

/** The file is not one that this version may write to. The message continues "historyPath: ". */
export class RefusedFile extends Error {
  override name = 'RefusedFile';
}

export interface OpenOptions {
  readonly path: string;
  /** Of the database and its log. */
  readonly maxBytes: number;
}

/** A history in one file of SQLite. */
export class SqliteHistory {
  readonly store: HistoryStore;
  readonly #database: DatabaseSync;
  readonly #options: OpenOptions;

  private constructor(database: DatabaseSync, store: HistoryStore, options: OpenOptions) {
    this.#database = database;
    this.store = store;
    this.#options = options;
  }

  /**
   * Opens the file, or creates it, and brings it to this version.
   * @throws {RefusedFile} and what SQLite throws; see `damaged`.
   */
  static async open(options: OpenOptions): Promise<SqliteHistory> {
    refuseForeign(options.path);
    const database = new DatabaseSync(options.path, { timeout: BUSY_MS });
    try {
      configure(database, options.maxBytes);
      const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapt(database) }) });
      await migrate(db, { serial: 'integer', clustered: 'without rowid' });
      return new SqliteHistory(database, new HistoryStore(db), options);
    } catch (error) {
      database.close();
      if (!(error instanceof NewerVersion)) throw error;
      throw new RefusedFile(
        `given ${JSON.stringify(options.path)}, which is of version ${error.version} while this Baton knows up to ${error.known}; allowed: a history of this version or an older one, or a path where nothing is`,
      );
    }
  }

  /** What the files take. */
  get bytes(): number {
    return sizeOf(this.#options.path) + sizeOf(`${this.#options.path}-wal`);
  }

  /** Whether so much is in use that the oldest has to go. */
  get crowded(): boolean {
    const pages = pagesOf(this.#options.maxBytes);
    return this.#used() > pages - roomOf(pages);
  }

  /** Deletes the oldest until a quarter of the room is free or more, and gives the pages back to the disk, in steps as `store.prune`. */
  async *trim(): AsyncGenerator<void> {
    const pages = pagesOf(this.#options.maxBytes);
    const limit = pages - roomOf(pages) - TRIM_SHARE * pages;
    while (this.#used() > limit) {
      const span = await this.store.span();
      if (span === undefined) break;
      yield* this.store.prune(span.from + Math.max(1, Math.ceil((span.to - span.from) * TRIM_STEP)));
    }
    yield* this.release();
  }

  /** Gives pages that nothing is in back to the disk, a few in each step so that the log stays short. */
  *release(): Generator<void> {
    while (pragma(this.#database, 'freelist_count') > 0) {
      this.#database.exec(`pragma incremental_vacuum(${VACUUM_PAGES}); pragma wal_checkpoint(truncate)`);
      yield;
    }
    // A file that was larger than the cap when it was opened was allowed to stay so large.
    this.#database.exec(`pragma max_page_count = ${pagesOf(this.#options.maxBytes)}`);
  }

  close(): void {
    this.#database.close();
  }

  #used(): number {
    return pragma(this.#database, 'page_count') - pragma(this.#database, 'freelist_count');
  }
}

/** Whether it is the content of the file that is broken, and not the disk or the program. */
export const damaged = (error: unknown): boolean => [CORRUPT, NOT_A_DATABASE].includes(codeOf(error) ?? 0);

/** Whether the same may go well later: the disk is full, slow, read-only or not there, or a broken file cannot be moved now. */
export const passing = (error: unknown): boolean =>
  PASSING.has(codeOf(error) ?? 0) || (error instanceof Error && 'syscall' in error);

/** Whether there was no room for a page, on the disk or under the cap. */
export const full = (error: unknown): boolean => codeOf(error) === FULL;

/** Moves a broken file out of the way, in the place of one that was moved before; returns where it is now. */
export function moveAside(path: string): string {
  const aside = `${path}.corrupt`;
  for (const end of ['-wal', '-shm']) rmSync(`${aside}${end}`, { force: true });
  renameSync(path, aside);
  if (sizeOf(`${path}-wal`) > 0) renameSync(`${path}-wal`, `${aside}-wal`);
  for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
  return aside;
}

// https://www.sqlite.org/rescode.html
const BUSY = 5;
const READ_ONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;
const PASSING: ReadonlySet<number> = new Set([BUSY, READ_ONLY, IO_ERROR, FULL, CANNOT_OPEN]);

/** The primary result code; the extended one has it in its lowest byte. */
function codeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** The first page tells whose file it is before SQLite touches it. */
function refuseForeign(path: string): void {
  const header = headerOf(path);
  if (header === undefined) return;
  const refuse = (what: string): never => {
    throw new RefusedFile(
      `given ${JSON.stringify(path)}, which is ${what}; allowed: a history of Baton, or a path where nothing is`,
    );
  };
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) refuse('not a database of SQLite');
  if (header.readUInt32BE(68) !== APPLICATION_ID) refuse('a database of another program');
}

/** Undefined where there is no file, or an empty one, which is as good. */
function headerOf(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    if (fstatSync(file).isDirectory())
      throw new RefusedFile(`given ${JSON.stringify(path)}, which is a directory; allowed: a file in it`);
    const header = Buffer.alloc(100);
    return readSync(file, header) === 0 ? undefined : header;
  } finally {
    closeSync(file);
  }
}

function configure(database: DatabaseSync, maxBytes: number): void {
  // The first two have to be there before the first table, and the identity before the log, so that it is in the file itself.
  if (pragma(database, 'application_id') !== APPLICATION_ID)
    database.exec(
      `pragma page_size = ${PAGE_BYTES}; pragma auto_vacuum = incremental; pragma application_id = ${APPLICATION_ID}`,
    );
  // NORMAL: what was committed is safe from the end of the process; a power failure may take the last moments, and nothing else.
  database.exec(
    `pragma journal_mode = wal; pragma synchronous = normal; pragma journal_size_limit = ${LOG_BYTES / 2};
     pragma wal_autocheckpoint = ${LOG_PAGES};
     pragma max_page_count = ${pagesOf(maxBytes)}; pragma cache_size = -2048; pragma temp_store = memory`,
  );
}

const roomOf = (pages: number): number => Math.max(FREE_SHARE * pages, BATCH_PAGES);

const pagesOf = (maxBytes: number): number => Math.floor((maxBytes - LOG_BYTES) / PAGE_BYTES);

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0]);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

const NOTHING_TO_DO: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

/** kysely asks for four members of a driver; these are they, by the built-in one. */
function adapt(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare(sql) {
      // Where there is no room, SQLite has rolled back by itself, and a second time would hide why behind another error.
      if (sql === 'rollback' && !database.isTransaction) return NOTHING_TO_DO;
      const statement = database.prepare(sql);
      const given = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...given(parameters)),
        run: (parameters) => statement.run(...given(parameters)),
        iterate: (parameters) => statement.iterate(...given(parameters)),
      };
    },
  };
}
