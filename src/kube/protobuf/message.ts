import type { PbfReader } from 'pbf';

/** An object with the names that the same message has in JSON, and only the fields that its description lists. */
export type Fields = Record<string, unknown>;

type ReadField = (reader: PbfReader, into: Fields) => void;

/** The fields of a message that are read, by their numbers in Kubernetes' `generated.proto`; all others are passed over unread. */
export type Message = Readonly<Record<number, ReadField>>;

/** Reads the message that reaches from the reader's position to `end`. */
export function readMessage(reader: PbfReader, message: Message, end: number): Fields {
  const into: Fields = {};
  for (let number = reader.nextField(end); number !== 0; number = reader.nextField(end))
    message[number]?.(reader, into);
  return into;
}

/** One field whose type is a message. */
export const one =
  (name: string, message: Message): ReadField =>
  (reader, into) => {
    into[name] = readMessage(reader, message, endOf(reader));
  };

/** A repeated field of messages. */
export const many =
  (name: string, message: Message): ReadField =>
  (reader, into) => {
    listIn(into, name).push(readMessage(reader, message, endOf(reader)));
  };

/** Text; an empty one is absent, as in JSON. */
export const text =
  (name: string): ReadField =>
  (reader, into) => {
    const value = readText(reader);
    if (value !== '') into[name] = value;
  };

export const texts =
  (name: string): ReadField =>
  (reader, into) => {
    listIn(into, name).push(readText(reader));
  };

/** A number whose zero is absent in JSON. */
export const number =
  (name: string): ReadField =>
  (reader, into) => {
    const value = reader.readVarint(true);
    if (value !== 0) into[name] = value;
  };

/** A number whose zero is told (`replicas: 0`): in Kubernetes a pointer. */
export const count =
  (name: string): ReadField =>
  (reader, into) => {
    into[name] = reader.readVarint(true);
  };

export const flag =
  (name: string): ReadField =>
  (reader, into) => {
    if (reader.readBoolean()) into[name] = true;
  };

const TIME: Message = { 1: number('seconds') };

/** Moments of one pod, and of pods that were made together, are mostly the same few: making text of each was a quarter of reading pods. */
const MOMENTS = 64;
const moments: { readonly seconds: number; readonly text: string }[] = [];

function momentText(seconds: number): string {
  const place = seconds % MOMENTS;
  const known = moments[place];
  if (known?.seconds === seconds) return known.text;
  const text = new Date(seconds * 1_000).toISOString();
  moments[place] = { seconds, text };
  return text;
}

/** metav1.Time, as RFC 3339; the zero time is absent. */
export const time =
  (name: string): ReadField =>
  (reader, into) => {
    const { seconds } = readMessage(reader, TIME, endOf(reader));
    if (typeof seconds === 'number') into[name] = momentText(seconds);
  };

const TEXT_ENTRY: Message = { 1: text('key'), 2: text('value') };

/** `map<string, string>`. */
export const textMap =
  (name: string): ReadField =>
  (reader, into) => {
    const { key = '', value = '' } = readMessage(reader, TEXT_ENTRY, endOf(reader));
    mapIn(into, name)[key as string] = value;
  };

const QUANTITY_ENTRY: Message = { 1: text('key'), 2: one('value', { 1: text('string') }) };

/** `map<string, Quantity>`, as the texts that JSON has. */
export const quantityMap =
  (name: string): ReadField =>
  (reader, into) => {
    const { key = '', value } = readMessage(reader, QUANTITY_ENTRY, endOf(reader));
    mapIn(into, name)[key as string] = (value as Fields | undefined)?.['string'] ?? '0';
  };

/** End of the length-delimited value that begins here. */
export function endOf(reader: PbfReader): number {
  return reader.readVarint() + reader.pos;
}

/** Node decodes a slice of a Buffer faster than a TextDecoder, and into one flat string. */
export function readText(reader: PbfReader): string {
  const end = endOf(reader);
  const value = (reader.buf as Buffer).toString('utf8', reader.pos, end);
  reader.pos = end;
  return value;
}

function listIn(into: Fields, name: string): unknown[] {
  return (into[name] ??= []) as unknown[];
}

function mapIn(into: Fields, name: string): Fields {
  return (into[name] ??= {}) as Fields;
}
