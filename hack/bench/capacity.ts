// node hack/bench/capacity.ts: how good and how fast capacity budgets are shared. docs/strategies.md has the figures.
import { CapacitySolver } from '../../src/annealer/solver.ts';
import { startThread } from '../../src/compose/threads.ts';
import { allot, type Budget, type Claim } from '../../src/domain/capacity/allot.ts';
import { annealed } from '../../src/domain/capacity/annealed.ts';
import { greedy } from '../../src/domain/capacity/greedy.ts';
import { type Problem, totalLoss } from '../../src/domain/capacity/problem.ts';
import { randomOf } from '../../src/domain/capacity/random.ts';
import { leastLoss, randomProblem } from '../../test/unit/domain/capacity/instances.ts';
import { percentile } from './stats.ts';

const RUNS = 500;
const REPEATS = 30;
/** Almost no annealing: what is left is random bits and the repair. */
const UNCOOLED = { slices: 2, sweeps: 1, field: [2, 2], temperature: 100 } as const;

type Solve = (problem: Problem, run: number) => number[];

/** How many of the same random problems a method solves within 2 %, and exactly. */
function quality(name: string, solve: Solve): void {
  let near = 0;
  let exact = 0;
  for (const [run, { problem, least }] of PROBLEMS.entries()) {
    const ratio = (totalLoss(problem, solve(problem, run)) + 1e-9) / (least + 1e-9);
    if (ratio <= 1.02) near++;
    if (ratio <= 1 + 1e-6) exact++;
  }
  console.log(`${name.padEnd(26)} within 2 %: ${near} of ${RUNS}   exact: ${exact} of ${RUNS}`);
}

const PROBLEMS = Array.from({ length: RUNS }, (_, run) => {
  const problem = randomProblem(run, { services: 4 + (run % 3), limits: 1 + (run % 3), range: 8 });
  return { problem, least: leastLoss(problem) };
});

function fleet(services: number, isAnnealed: boolean): { claims: Claim[]; budgets: Budget[] } {
  const random = randomOf(services);
  const claims = Array.from({ length: services }, (_, index): Claim => {
    const priority = (['Critical', 'High', 'Normal', 'Low', 'Maintenance'] as const)[index % 5] ?? 'Normal';
    const wanted = 1 + Math.floor(random() * 40);
    return {
      key: `shop/${index}`,
      priority,
      minReplicas: 1,
      wanted,
      risk: random(),
      costPerReplicaHour: 0.05 + random(),
      cpu: 0.25 * (1 + Math.floor(random() * 16)),
      memory: 2 ** 27 * (1 + Math.floor(random() * 32)),
      fixed: false,
      annealed: isAnnealed,
    };
  });
  const half = (of: (claim: Claim) => number): number => claims.reduce((sum, claim) => sum + of(claim), 0) / 2;
  const budget = {
    name: 'nodes',
    maxReplicas: Math.floor(half(({ wanted }) => wanted)),
    cpu: half(({ wanted, cpu }) => wanted * cpu),
    memory: half(({ wanted, memory }) => wanted * memory),
  };
  return { claims, budgets: [{ ...budget, covers: claims.map(({ key }) => key) }] };
}

/** From the question to the answer on the reconciling thread, and the longest time in which that thread did nothing else. */
async function speed(solver: CapacitySolver, services: number, isAnnealed: boolean): Promise<void> {
  const { claims, budgets } = fleet(services, isAnnealed);
  const times: number[] = [];
  let blocked = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    let last = performance.now();
    const beat = setInterval(() => {
      blocked = Math.max(blocked, performance.now() - last);
      last = performance.now();
    }, 1);
    const started = performance.now();
    await solver.allot(claims, budgets);
    if (repeat > 2) times.push(performance.now() - started);
    clearInterval(beat);
  }
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)].map((ms) => ms.toFixed(1).padStart(7));
  const how = isAnnealed ? 'annealed' : 'greedy';
  const began = process.threadCpuUsage();
  for (let repeat = 0; repeat < 10; repeat++) allot(claims, budgets);
  const cpu = (process.threadCpuUsage(began).user / 10_000).toFixed(1).padStart(6);
  const aside = isAnnealed ? `, reconciling thread held up for at most ${blocked.toFixed(1)} ms` : '';
  console.log(
    `${String(services).padStart(5)} services, three limits, ${how.padEnd(8)}  p50 ${p50} ms  p99 ${p99} ms  CPU ${cpu} ms${aside}`,
  );
}

quality('annealed', annealed);
quality('greedy', greedy);
quality('random bits and the repair', (problem, run) => annealed(problem, run, UNCOOLED));
const solver = new CapacitySolver({
  startThread: () => startThread('annealer', undefined, {}),
  onSolved: () => undefined,
  onFailed: (error) => {
    throw error;
  },
});
for (const services of [10, 100, 300]) {
  await speed(solver, services, true);
  await speed(solver, services, false);
}
await solver.stop();
