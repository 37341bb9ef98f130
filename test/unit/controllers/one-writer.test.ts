import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

// What acts on workloads is written in one place, behind the guard. These are the ways to write at all, and the files that may use them.

const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const using = (pattern: RegExp): string[] =>
  SOURCES.filter((file) => pattern.test(readFileSync(path.join('src', file), 'utf8'))).sort();

it('only some files of one room write to the API server', () => {
  expect(using(/\brest\s*\.(patch|update|create|delete)\b/)).toEqual([
    'compose/orchestration.ts', // Orchestration/default where there is none
    'kube/autoscalers.ts',
    'kube/certificate-store.ts',
    'kube/discovered.ts', // OrchestratedServices themselves, never workloads
    'kube/lease.ts',
    'kube/pods.ts',
    'kube/recorder.ts',
    'kube/replicas.ts',
    'kube/rollouts.ts',
    'kube/services.ts',
    'kube/status.ts',
    'kube/step-objects.ts',
    'kube/token-review.ts',
    'kube/traffic.ts',
    'kube/workflows.ts',
  ]);
});

it('those that change what is not Baton’s own are used where the guard decides, and nowhere else', () => {
  expect(
    using(/(?<!#)\b(moveBounds|evict|restart|rollBack)\(|\breplicas\.write\(/).filter(
      (file) => !/^kube\/|^domain\/|ports\.ts$/.test(file),
    ),
  ).toEqual(['compose/acts.ts', 'controllers/acts/actor.ts']);
});

it('what steps of workflows change is written where the guard examined it, and nowhere else', () => {
  expect(using(/\bwrites\.write\(/)).toEqual(['controllers/workflow/steps/actor.ts']);
  expect(using(/\bexamineStep\(/)).toEqual(['controllers/workflow/steps/actor.ts']);
});

it('services are made and deleted by discovery, and by nothing else', () => {
  expect(using(/\b(createService|reviseService|deleteService)\(/).filter((file) => !file.startsWith('kube/'))).toEqual([
    'compose/discovery.ts',
  ]);
});
