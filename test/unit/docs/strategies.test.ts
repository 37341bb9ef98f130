import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { STRATEGIES, type StrategyParameters } from '../../../src/domain/scaling/strategies.ts';

const page = readFileSync('docs/strategies.md', 'utf8');

type Direction = StrategyParameters['behavior']['scaleUp'];

function amounts({ policies = [], stabilizationWindowSeconds }: Direction): string {
  const [first] = policies;
  const each = policies.map(({ type, value }) =>
    type === 'Percent' ? `${value} %` : `${value} pod${value > 1 ? 's' : ''}`,
  );
  const after = stabilizationWindowSeconds ? `, after ${stabilizationWindowSeconds} s` : '';
  return `${each.join(' or ')} in ${first?.periodSeconds} s${after}`;
}

describe('docs/strategies.md', () => {
  it.each(Object.entries(STRATEGIES))(
    'has the row of %s',
    (name, { targetUtilization, behavior, prediction, objective }) => {
      const cells = [
        `\`${name}\``,
        `${targetUtilization} %`,
        amounts(behavior.scaleUp),
        amounts(behavior.scaleDown),
        prediction ? 'on' : 'off',
        objective,
      ];
      expect(page).toContain(`| ${cells.join(' | ')} |`);
    },
  );

  it('has policies that are for one period each', () => {
    for (const { behavior } of Object.values(STRATEGIES)) {
      for (const { policies, selectPolicy } of Object.values(behavior)) {
        expect(new Set(policies?.map(({ periodSeconds }) => periodSeconds)).size).toBe(1);
        expect(selectPolicy).toBe('Max');
      }
    }
  });

  it('says plainly that it is a classical algorithm', () => {
    expect(page).toMatch(/This is a classical algorithm: .*no quantum computer/s);
  });
});
