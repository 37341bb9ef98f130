import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const CLI = path.resolve(import.meta.dirname, '../../../../hack/replay/cli.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(text: string, ...args: readonly string[]): { code: number | null; out: string; err: string } {
  const file = path.join(folder, 'load.csv');
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, file, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

const GOOD = 'timestamp,value\n0,100\n60,180\n120,100\n';

describe('npm run replay', () => {
  it('prints figures of both scalers as JSON', () => {
    const { code, out } = run(GOOD, '--json');
    expect(code).toBe(0);
    const figures = { underProvisionedSeconds: expect.any(Number), podHours: expect.any(Number), scaleEvents: 1 };
    expect(JSON.parse(out)).toEqual({ hpa: figures, baton: figures });
  });

  it('prints them as a table', () => {
    const { out } = run(GOOD);
    expect(out).toMatch(/HPA +Baton\nunder-provisioned seconds +\d+ +\d+\npod hours .*\nscale events +1 +1\n/);
  });

  it('ends with 1 and the line for a bad file, with 2 for a bad option, and helps', () => {
    expect(run(`${GOOD}180,many\n`)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/load\.csv: line 5: "many"/),
    });
    expect(run(GOOD, '--target', '7')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/--target: 7 .*npm run replay/s),
    });
    expect(run('', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('--quantile') });
    const missing = spawnSync(process.execPath, [CLI, path.join(folder, 'nowhere.csv')], { encoding: 'utf8' });
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('ENOENT')]);
  });
});
