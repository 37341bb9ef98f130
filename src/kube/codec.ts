import type { StatusBody } from './errors.ts';
import { LineSplitter } from './lines.ts';
import type { ListOf } from './rest.ts';

export interface ObjectEvent<R> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: R;
}

export type WatchEvent<R> = ObjectEvent<R> | { readonly type: 'ERROR'; readonly object: StatusBody };

/** Takes the body of a watch in pieces of any size. Throws when it cannot be read. */
export interface EventSplitter {
  push(chunk: Buffer): void;
}

/** How the objects of one kind are written in lists and watches: the server chooses from `accept` and says so in `contentType`. */
export interface Codec<R> {
  readonly accept: string;
  events(contentType: string, onEvent: (event: WatchEvent<R>) => void): EventSplitter;
  list(contentType: string, body: Buffer): ListOf<R>;
}

/** The one that every resource has. */
export const JSON_CODEC: Codec<never> = {
  accept: 'application/json',
  events: (_, onEvent) => new LineSplitter((line) => onEvent(JSON.parse(line) as WatchEvent<never>)),
  list: (_, body) => JSON.parse(body.toString('utf8')) as ListOf<never>,
};
