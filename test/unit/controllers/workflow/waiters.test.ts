import { expect, it } from 'vitest';
import { Waiters } from '../../../../src/controllers/workflow/steps/waiters.ts';

const bed = () => {
  const woken: string[] = [];
  return { woken, waiters: new Waiters(({ namespace, name }) => woken.push(`${namespace}/${name}`)) };
};
const web = { kind: 'Deployment', name: 'web' };
const of = (name: string, namespace = 'shop') => ({ namespace, name });

it('wakes who waits for an object of its own namespace, once', () => {
  const { woken, waiters } = bed();
  waiters.wait(of('a'), 'op-1', [web]);
  waiters.wait(of('b'), 'op-2', [web]);
  waiters.wait(of('c', 'other'), 'op-3', [web]);
  waiters.changed('StatefulSet', of('web'));
  waiters.changed('Deployment', of('api'));
  expect(woken).toEqual([]);
  waiters.changed('Deployment', of('web'));
  waiters.changed('Deployment', of('web'));
  expect(woken).toEqual(['shop/a', 'shop/b']);
});

it('does not wake who waits no more', () => {
  const { woken, waiters } = bed();
  const forget = waiters.wait(of('a'), 'op-1', [web, { kind: 'Job', name: 'tidy' }]);
  waiters.wait(of('b'), 'op-2', [web]);
  forget();
  forget();
  waiters.changed('Job', of('tidy'));
  waiters.changed('Deployment', of('web'));
  expect(woken).toEqual(['shop/b']);
});

it('keeps nothing of a workflow that is gone', () => {
  const { woken, waiters } = bed();
  waiters.wait(of('a'), 'op-1', [web, { kind: 'Job', name: 'never' }]);
  waiters.wait(of('b'), 'op-2', [web]);
  waiters.forget(of('a'));
  waiters.changed('Job', of('never'));
  waiters.changed('Deployment', of('web'));
  expect(woken).toEqual(['shop/b']);
});
