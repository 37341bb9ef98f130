import { describe, expect, test } from 'vitest';
import { compareVersions, keyOf, splitKey, Store, type Change } from '../../../src/runtime/store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { fc } from '../../support/properties.ts';

interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly owner: string;
}

const pod = (name: string, version: number, owner = 'a', uid = name): Pod => ({
  namespace: 'shop',
  name,
  uid,
  resourceVersion: String(version),
  owner,
});

function newStore(clock = new FakeClock()) {
  const errors: unknown[] = [];
  const store = new Store<Pod>({
    clock,
    indexes: { owner: (item) => item.owner, letters: (item) => item.owner.split('') },
    onListenerError: (error) => errors.push(error),
  });
  const changes: Change<Pod>[] = [];
  store.subscribe((change) => changes.push(change));
  return { store, changes, errors, clock };
}

const asMap = (...pods: Pod[]) => new Map(pods.map((item) => [keyOf(item), item]));
const names = (pods: Iterable<Pod>) => [...pods].map((item) => item.name).toSorted();

describe('keys and versions', () => {
  test('a key names namespace and name, and reads back', () => {
    expect(splitKey(keyOf({ namespace: 'shop', name: 'x' }))).toEqual({ namespace: 'shop', name: 'x' });
    expect(splitKey(keyOf({ name: 'node-1' }))).toEqual({ namespace: undefined, name: 'node-1' });
  });

  test('versions compare as numbers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 70n }), fc.bigInt({ min: 1n, max: 2n ** 70n }), (a, b) => {
        expect(Math.sign(compareVersions(`${a}`, `${b}`))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });
});

describe('changes', () => {
  test('listeners hear each change when the store already shows it', () => {
    const { store } = newStore();
    const seen: (Pod | undefined)[] = [];
    store.subscribe(({ key }) => seen.push(store.get(key)));
    store.upsert(pod('x', 1));
    store.upsert(pod('x', 2));
    store.delete('shop/x', '3');
    expect(seen.map((item) => item?.resourceVersion)).toEqual(['1', '2', undefined]);
  });

  test('an event older than what is held is ignored', () => {
    const { store, changes } = newStore();
    store.upsert(pod('x', 10));
    store.upsert(pod('x', 9));
    expect(store.get('shop/x')?.resourceVersion).toBe('10');
    expect(changes).toHaveLength(1);
  });

  test('an object created anew under its name is a deletion and an addition', () => {
    const { store, changes } = newStore();
    store.upsert(pod('x', 1, 'a', 'first'));
    store.upsert(pod('x', 2, 'a', 'second'));
    expect(changes.map(({ type }) => type)).toEqual(['added', 'deleted', 'added']);
  });

  test('a listener that throws stops neither the store nor the others', () => {
    const { store, errors } = newStore();
    const heard: string[] = [];
    store.subscribe(() => {
      throw new Error('broken');
    });
    store.subscribe(({ key }) => heard.push(key));
    store.upsert(pod('x', 1));
    expect(heard).toEqual(['shop/x']);
    expect(errors).toHaveLength(1);
  });

  test('after unsubscribing nothing is heard', () => {
    const { store } = newStore();
    const heard: string[] = [];
    store.subscribe(({ key }) => heard.push(key))();
    store.upsert(pod('x', 1));
    expect(heard).toEqual([]);
  });
});

describe('a new list', () => {
  test('announces exactly what differs, and is never half shown', () => {
    const { store, changes } = newStore();
    store.replace(asMap(pod('same', 1), pod('changed', 2), pod('gone', 3)), '3');
    const kept = store.get('shop/same');
    changes.length = 0;
    const sizes: number[] = [];
    store.subscribe(() => sizes.push(store.size));
    store.replace(asMap(pod('same', 1), pod('changed', 5), pod('new', 6)), '6');
    expect(changes.map(({ type, key }) => `${type} ${key}`).toSorted()).toEqual([
      'added shop/new',
      'deleted shop/gone',
      'updated shop/changed',
    ]);
    expect(sizes).toEqual([3, 3, 3]);
    expect(store.get('shop/same')).toBe(kept);
  });

  test('makes the store synced, once and for all', async () => {
    const { store } = newStore();
    expect(store.synced).toBe(false);
    const waiting = store.whenSynced();
    store.replace(new Map(), '1');
    await waiting;
    expect(store.synced).toBe(true);
  });

  test('waiting for it ends with the signal', async () => {
    const { store } = newStore();
    await expect(store.whenSynced(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});

describe('indexes', () => {
  test('answer as a scan would, after any history', () => {
    const step = fc.record({
      name: fc.constantFrom('x', 'y', 'z'),
      owner: fc.constantFrom('a', 'b', 'ab', ''),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { store } = newStore();
        steps.forEach(({ name, owner, gone }, at) => {
          if (gone) store.delete(`shop/${name}`, String(at + 1));
          else store.upsert(pod(name, at + 1, owner));
        });
        for (const owner of ['a', 'b', 'ab', '']) {
          const scan = names([...store.list()].filter((item) => item.owner === owner));
          expect(names(store.byIndex('owner', owner))).toEqual(scan);
        }
        const scan = names([...store.list()].filter((item) => item.owner.includes('a')));
        expect(names(store.byIndex('letters', 'a'))).toEqual(scan);
      }),
    );
  });

  test('an index nobody declared is an error that names those there are', () => {
    expect(() => newStore().store.byIndex('node', 'x')).toThrow('owner, letters');
  });
});

describe('seeing one’s own write', () => {
  test('the object itself, a later one of the collection or a bookmark will do', async () => {
    for (const arrive of [
      (store: Store<Pod>) => store.upsert(pod('x', 7)),
      (store: Store<Pod>) => store.upsert(pod('other', 8)),
      (store: Store<Pod>) => store.advance('9'),
      (store: Store<Pod>) => store.delete('shop/x', '9'),
      (store: Store<Pod>) => store.replace(asMap(pod('x', 7)), '10'),
    ]) {
      const { store } = newStore();
      store.replace(asMap(pod('x', 5)), '5');
      const seen = store.whenSeen('shop/x', '7', { timeoutMs: 1_000 });
      store.upsert(pod('y', 6));
      arrive(store);
      await expect(seen).resolves.toBe(true);
    }
  });

  test('gives up after its time or with the signal', async () => {
    const { store, clock } = newStore();
    store.replace(asMap(pod('x', 5)), '5');
    const late = store.whenSeen('shop/x', '7', { timeoutMs: 1_000 });
    await clock.advance(1_000);
    await expect(late).resolves.toBe(false);
    const stop = new AbortController();
    const stopped = store.whenSeen('shop/x', '7', { timeoutMs: 1_000, signal: stop.signal });
    stop.abort();
    await expect(stopped).resolves.toBe(false);
    expect(clock.timers).toBe(0);
  });
});
