import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** In a process of its own: what is set holds for all of V8. */
const SCRIPT = `
import v8 from 'node:v8';
await import(process.argv[1]);
const used = [];
for (let i = 0; i < 2_000_000; i++) {
  const one = { i };
  if (i % 10 === 0) used.push(one);
}
console.log(v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20, used.length);
`;

/** How far it could grow depends on the memory of the machine. */
const FLAGS = ['--max-semi-space-size=16', '--input-type=module'];

it('lets the young generation grow to twice 4 MiB, and no further', () => {
  const heap = new URL('../../../src/compose/heap.ts', import.meta.url).href;
  const told = execFileSync(process.execPath, [...FLAGS, '--eval', SCRIPT, heap], { encoding: 'utf8' });
  expect(told).toBe('8 200000\n');
});
