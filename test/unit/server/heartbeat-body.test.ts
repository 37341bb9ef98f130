import { describe, expect, it } from 'vitest';
import { parseHeartbeat } from '../../../src/server/heartbeat-body.ts';
import { fc } from '../../support/properties.ts';

const now = Date.UTC(2026, 0, 31, 12);
const parse = (body: unknown) => parseHeartbeat(JSON.stringify(body), now);
const problemsOf = (body: unknown): string => {
  const parsed = parse(body);
  return parsed.ok ? '' : parsed.problems.join('\n');
};

describe('the body of a heartbeat', () => {
  it('has figures, and may have a sender and a moment', () => {
    expect(parse({ cpu: 0.5, memory: 1.2, error_rate: 0, response_time_seconds: 0.25, source: 'pod-a/main' })).toEqual({
      ok: true,
      sender: 'pod-a/main',
      values: { cpu: 0.5, memory: 1.2, error_rate: 0, response_time_seconds: 0.25 },
    });
    expect(parse({ cpu: 1, timestamp: '2026-01-31T13:00:10.5+01:00' })).toMatchObject({ timestamp: now + 10_500 });
    expect(parse({ cpu: 1, timestamp: now - 1000 })).toMatchObject({ timestamp: now - 1000 });
  });

  it('may say response_time for response_time_seconds, not both', () => {
    expect(parse({ response_time: 3 })).toMatchObject({ values: { response_time_seconds: 3 } });
    expect(problemsOf({ response_time: 3, response_time_seconds: 3 })).toContain('send one');
  });

  it.each([
    [{ cpu: 87 }, 'cpu: 87 is not allowed; allowed is a ratio from 0 to 1'],
    [{ cpu: -0.1 }, 'cpu: -0.1 is not allowed'],
    [{ cpu: '0.5' }, 'cpu: "0.5" is not allowed'],
    [{ cpu: null }, 'cpu: null is not allowed'],
    [{ memory: [1] }, 'memory: a list is not allowed'],
    [{ error_rate: 1.01 }, 'error_rate: 1.01 is not allowed; allowed is a ratio from 0 to 1; 5 % is 0.05'],
    [{ response_time_seconds: -1 }, 'response_time_seconds: -1 is not allowed; allowed is seconds from 0 to 86400'],
    [{ cpu: 0.5, latency: 3 }, '"latency": no such key; allowed are cpu, memory, error_rate'],
    [{ cpu: 0.5, source: 'a b' }, 'source: "a b" is not allowed'],
    [{ cpu: 0.5, source: 'x'.repeat(254) }, 'source: "xxx'],
    [{ cpu: 0.5, timestamp: 'yesterday' }, 'timestamp: "yesterday" is not allowed; allowed is RFC 3339'],
    [{ cpu: 0.5, timestamp: '2026-13-31T12:00:00Z' }, 'timestamp: "2026-13-31T12:00:00Z" is not allowed'],
    [{ cpu: 0.5, timestamp: now / 1000 }, 'is not allowed here, where it is 2026-01-31T12:00:00.000Z'],
    [{ cpu: 0.5, timestamp: 1e300 }, 'timestamp: 1e+300 is not allowed'],
    [{}, 'there is no figure; send one of cpu, memory'],
    [{ source: 'a' }, 'there is no figure'],
    [[], 'the body is a list; allowed is an object'],
    [null, 'the body is null; allowed is an object'],
    ['cpu', 'the body is "cpu"'],
  ])('%j is told: %s', (body, problem) => expect(problemsOf(body)).toContain(problem));

  it('with two mistakes names both', () => {
    expect(problemsOf({ cpu: 'high', memory: -1 })).toMatch(/cpu: "high".*\nmemory: -1/);
  });

  it('that is no JSON is told', () => {
    expect(parseHeartbeat('cpu=0.5', now)).toEqual({
      ok: false,
      problems: ['the body is no JSON: "cpu=0.5"; allowed is an object such as {"cpu": 0.4, "error_rate": 0.01}'],
    });
  });

  it('a figure that JSON reads as infinite is refused', () => {
    expect(parseHeartbeat('{"cpu": 1e999}', now)).toMatchObject({ ok: false });
  });

  it('future timestamps are refused, those of clocks a little ahead are not', () => {
    expect(parse({ cpu: 0.5, timestamp: now + 30_000 })).toMatchObject({ ok: true });
    expect(problemsOf({ cpu: 0.5, timestamp: now + 30_001 })).toContain('at most 24 h old and 30 s ahead');
    expect(problemsOf({ cpu: 0.5, timestamp: '2027-01-31T12:00:00Z' })).toContain('"2027-01-31T12:00:00Z"');
  });

  it('does not reach prototypes', () => {
    expect(parseHeartbeat('{"cpu": 0.5, "__proto__": {"memory": 1}}', now)).toMatchObject({ ok: false });
    expect(parseHeartbeat('{"cpu": 0.5, "constructor": 1}', now)).toMatchObject({ ok: false });
  });

  it('never throws, and gives finite figures in their range or short problems, for any JSON and any text', () => {
    const keys = fc.constantFrom(
      'cpu',
      'memory',
      'error_rate',
      'response_time',
      'response_time_seconds',
      'timestamp',
      'source',
    );
    const near = fc.dictionary(fc.oneof(keys, fc.string()), fc.oneof(fc.jsonValue(), fc.double(), fc.integer()));
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      near.map((body) => JSON.stringify(body)),
    );
    const sound = fc.property(text, fc.nat(4e12), (body, at) => {
      const parsed = parseHeartbeat(body, at);
      if (!parsed.ok) return parsed.problems.length > 0 && parsed.problems.every((problem) => problem.length < 400);
      const { cpu, memory, error_rate, response_time_seconds } = parsed.values;
      const inRange = (value: number | undefined, max: number): boolean =>
        value === undefined || (value >= 0 && value <= max);
      return (
        inRange(cpu, 2) &&
        inRange(memory, 2) &&
        inRange(error_rate, 1) &&
        inRange(response_time_seconds, 86_400) &&
        (parsed.timestamp === undefined || parsed.timestamp <= at + 30_000)
      );
    });
    expect(fc.check(sound, { numRuns: 3000 })).toMatchObject({ failed: false, counterexample: null });
  });

  it('nested without end is refused', () => {
    expect(parseHeartbeat('['.repeat(60_000), now)).toMatchObject({ ok: false });
    expect(parseHeartbeat(`${'{"cpu":'.repeat(9000)}1${'}'.repeat(9000)}`, now)).toMatchObject({ ok: false });
  });
});
