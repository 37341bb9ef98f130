import type { OrchestratedServiceSpec, OrchestratedServiceStatus } from '../../api/kinds.ts';
import type { Ledger } from '../uptime/ledger.ts';
import { noticeable, objectiveFigures, type ObjectiveFigures } from '../uptime/objectives.ts';

type ObjectiveStatus = NonNullable<OrchestratedServiceStatus['objectives']>[number];
type Objectives = OrchestratedServiceSpec['objectives'];

/** The status shows tenths of a point, rounded down. */
const ROUNDING = 0.001;
/** Share of itself by which the burn rate must move; below 1 it spends nothing that is not there, and a share of 1 will do. */
const NOTICEABLE_BURN = 0.2;

export function figuresOf(objectives: Objectives, ledger: Ledger, now: number): ObjectiveFigures[] {
  return (objectives ?? []).map((objective) => objectiveFigures(objective, ledger, now));
}

/** The previous figures until the budget moved noticeably, was spent or is there again, or it burns noticeably faster or slower. */
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
  const budget = Number.parseFloat(before.budgetRemaining ?? '') / 100;
  const moved = Math.abs(budget - figure.budgetRemaining);
  return (
    moved < noticeable(1 - figure.budgetRemaining) - ROUNDING &&
    budget >= 0 === figure.met &&
    burnsAlike(Number(before.burnRate), figure.burnRate)
  );
}

function burnsAlike(before: number, burnRate: number): boolean {
  const now = Number(rate(burnRate));
  return (
    before === now || (before > 0 && now > 0 && Math.abs(now - before) < NOTICEABLE_BURN * Math.max(before, now, 1))
  );
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
