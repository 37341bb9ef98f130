import { HEALTH_LEVELS, type Health, type HealthLevel } from '../../api/kinds.ts';

/** Lowest score of each level; Critical is everything above 0. */
const FLOORS: Readonly<Record<HealthLevel, number>> = {
  Healthy: 90,
  Warning: 70,
  Degraded: 40,
  Critical: 0,
  Failed: 0,
};

/** Points above the floor of a better level that a score must have before the service may rise to it. */
const SPARE = 5;

export function levelOf(score: number): HealthLevel {
  if (score >= FLOORS.Healthy) return 'Healthy';
  if (score >= FLOORS.Warning) return 'Warning';
  if (score >= FLOORS.Degraded) return 'Degraded';
  return score > 0 ? 'Critical' : 'Failed';
}

/** The best level that the score reaches with points to spare. */
export function levelWithSpare(score: number): HealthLevel {
  if (score < SPARE) return 'Failed';
  const level = levelOf(score - SPARE);
  return level === 'Failed' ? 'Critical' : level;
}

/** 0 is best. */
export function rank(level: HealthLevel): number {
  return HEALTH_LEVELS.indexOf(level);
}

export function isWorse(level: HealthLevel, than: HealthLevel): boolean {
  return rank(level) > rank(than);
}

export function isDown(level: Health): boolean {
  return level === 'Critical' || level === 'Failed';
}
