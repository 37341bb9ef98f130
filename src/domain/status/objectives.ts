import type { OrchestratedServiceSpec, OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { Ledger } from '../uptime/ledger.ts';
import { objectiveFigures, type ObjectiveFigures } from '../uptime/objectives.ts';

type ObjectiveStatus = NonNullable<OrchestratedServiceStatus['objectives']>[number];
type Objectives = OrchestratedServiceSpec['objectives'];

/** Percent of the budget by which a figure must move before the status tells. */
const NOTICEABLE = 1;

export function figuresOf(objectives: Objectives, ledger: Ledger, now: number): ObjectiveFigures[] {
  return (objectives ?? []).map((objective) => objectiveFigures(objective, ledger, now));
}

/** The previous figures until the budget moved by a point, was spent or is there again, or the burning began or ended. */
export function objectiveStatuses(
  figures: readonly ObjectiveFigures[],
  previous: readonly ObjectiveStatus[] | undefined,
): ObjectiveStatus[] {
  return figures.map((figure) => {
    const before = previous?.find(({ name }) => name === figure.name);
    return before !== undefined && stands(before, figure) ? before : written(figure);
  });
}

function stands(before: ObjectiveStatus, figure: ObjectiveFigures): boolean {
  const budget = Number.parseFloat(before.budgetRemaining ?? '');
  const moved = Math.abs(budget - figure.budgetRemaining * 100);
  const burnt = before.burnRate !== '0';
  return moved < NOTICEABLE && budget >= 0 === figure.met && burnt === (rate(figure.burnRate) !== '0');
}

function written({ name, availability, budgetRemaining, burnRate }: ObjectiveFigures): ObjectiveStatus {
  return {
    name,
    availability: `${floorTo(availability * 100, 1000)}%`,
    // Rounded down, so that an overspent budget never shows as 0.
    budgetRemaining: `${floorTo(budgetRemaining * 100, 10)}%`,
    burnRate: rate(burnRate),
  };
}

function rate(burnRate: number): string {
  return String(Math.round(burnRate * 10) / 10);
}

/** A sum of binary fractions may end a hair below the figure that it stands for. */
function floorTo(value: number, parts: number): number {
  return Math.floor(value * parts + 1e-6) / parts;
}
