import { describe, expect, it } from 'vitest';
import { compile, isTrue, loadExpressions } from '../../../../src/domain/workflow/expression.ts';

await loadExpressions();

const NAMES = ['parameters', 'steps', 'workflow'];
const SCOPE = {
  parameters: { replicas: '3' },
  steps: {
    probe: { state: 'Succeeded', outputs: { load: 0.8, one: 1, count: 3, name: 'a', list: [1, 2, 3], none: null } },
  },
  workflow: { name: 'grow' },
};

function evaluate(text: string): unknown {
  const compiled = compile(text, NAMES);
  return compiled.ok ? compiled.expression.evaluate(SCOPE) : compiled;
}

describe('expressions', () => {
  it('are read once, for the names that they may use', () => {
    expect(compile('parameters.replicas', NAMES)).toBe(compile('parameters.replicas', [...NAMES]));
    expect(compile('parameters.replicas', ['parameters']).ok).toBe(true);
    expect(compile('parameters.replicas', ['steps', 'workflow']).ok).toBe(false);
  });

  it.each([
    ['steps.probe.outputs.load > 0.7', true],
    ['steps.probe.outputs.one > 0.7', true],
    ['steps.probe.outputs.count + 1', 4],
    ['steps.probe.outputs.count == 3 && steps["probe"].state == "Succeeded"', true],
    ['int(parameters.replicas) * 2', 6],
    ['has(steps.other)', false],
    ['steps.probe.outputs.list.map(x, x * 2)', [2, 4, 6]],
    ['steps.probe.outputs.list.exists(x, x > 2) ? "many" : "few"', 'many'],
    ['steps.probe.outputs.none == null', true],
    ['{"a": [1.5, true]}', { a: [1.5, true] }],
    ['"a-b".replace("-", "+")', 'a+b'],
    ['workflow.name.matches("^gr.w$")', true],
    ['duration("90s") > duration("1m")', true],
    ['type(1) == int', true],
  ])('%s', (text, value) => {
    expect(evaluate(text)).toEqual({ ok: true, value });
  });

  it.each([
    ['steps.other.outputs.x == 1', 'field not found: other'],
    ['steps.probe.outputs.name + 1', "found no matching overload for '_+_' applied to '(string, int)'"],
    ['secrets.token', 'uses secrets; there is parameters, steps, workflow'],
    ['[1].map(x, y)', 'uses y; there is parameters, steps, workflow'],
    ['1 +', 'cannot be read: position 1:3: found + but expecting end of input'],
    ['duration("1s")', expect.stringContaining('write string(...) around it')],
    ['b"abc"', expect.stringContaining('write string(...) around it')],
    [`"${'a'.repeat(1_025)}"`, 'is longer than 1024 characters'],
    ['('.repeat(500) + '1' + ')'.repeat(500), expect.stringContaining('nested too deeply')],
  ])('says what is wrong with %s', (text, message) => {
    expect(evaluate(text)).toEqual({ ok: false, message });
  });

  // Each of these takes minutes, or gigabytes, where nothing bounds it.
  it.each([
    ['turns of macros', `${'[1,2,3,4,5,6,7,8,9,10].map(a, '.repeat(9)}1${')'.repeat(9)}`, 'turns of its macros'],
    ['texts that double', `["aaaaaaaaaaaaaaaa"]${'.map(y, y + y)'.repeat(60)}[0].size()`, 'a text of more than'],
    ['lists that double', `[[1, 2, 3]]${'.map(y, y + y)'.repeat(60)}[0].exists(z, z == 4)`, 'a list of more than'],
    [
      'texts that replace each character',
      `["aaaaaaaaaaaaaaaa"]${'.map(y, y.replace("a", y))'.repeat(30)}[0]`,
      'a text of more than',
    ],
    ['lists in lists', `[1]${'.map(a, [a, a, a, a, a, a, a, a, a, a])'.repeat(20)}`, 'takes too long'],
    ['maps in maps', `[1]${'.map(a, {1: a, 2: a, 3: a, 4: a})'.repeat(20)}.size() == 1`, 'takes too long'],
    ['comparisons of such', `[1]${'.map(a, [1, 2, 3].map(b, a))'.repeat(15)} == [1]`, 'takes too long'],
    [
      'regular expressions',
      `[1, 2, 3, 4].all(a, [1, 2, 3, 4].all(b, [1, 2, 3, 4].all(c, !("${'a'.repeat(900)}".matches("(.{0,30}){30}[bc]")))))`,
      'takes too long',
    ],
    [
      'regular expressions that are read again and again',
      `${'[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(a, '.repeat(3)}"b".matches("(((a?){10}){10}){10}")${')'.repeat(3)}`,
      'takes too long',
    ],
  ])('bounds %s', (_, text, message) => {
    expect(evaluate(text)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  // Backtracking takes hours for this.
  it('matches in linear time', () => {
    expect(evaluate(`"${'a'.repeat(40)}!".matches("^(a+)+$")`)).toEqual({ ok: true, value: false });
  });

  it('says which steps and parameters it uses', () => {
    const compiled = compile('steps.a.outputs.x > 1 && steps["b-c"].state == "Failed" && has(parameters.p)', NAMES);
    expect(compiled.ok && Object.fromEntries(compiled.expression.uses)).toEqual({
      steps: new Set(['a', 'b-c']),
      parameters: new Set(['p']),
    });
    const computed = compile('steps[parameters.which].state == "Failed"', NAMES);
    expect(computed.ok && computed.expression.uses.get('steps')).toEqual(new Set(['*']));
  });

  it('is true or false where it has to be', () => {
    const compiled = compile('steps.probe.outputs.count', NAMES);
    expect(compiled.ok && isTrue(compiled.expression, SCOPE)).toEqual({
      ok: false,
      message: '"steps.probe.outputs.count" has to be true or false, and is 3',
    });
  });
});
