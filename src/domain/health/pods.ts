import type { PodSnapshot } from '../snapshot.ts';

/** Restarts and out-of-memory kills count this long. */
const STABILITY_WINDOW = 600_000;
const POINTS_PER_RESTART = 25;

const IMAGE_FAULTS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
]);

/** What one pass over the pods of a workload tells. Pods that end or have ended (evicted, completed) are not among them. */
export interface PodFacts {
  current: number;
  ready: number;
  /** Names, in the order of the pods. */
  notReady: string[];
  unschedulable: string[];
  imagePull: string[];
  crashLooping: string[];
  outOfMemory: string[];
  /** Restarted lately, without any of the faults above. */
  restarted: string[];
  restarts: number;
  /** Sum over the pods of 0 to 100. */
  stability: number;
  /** When the next restart or kill stops counting, ms since the epoch. */
  nextExpiry: number;
}

export function examinePods(pods: readonly PodSnapshot[], now: number): PodFacts {
  const facts: PodFacts = {
    current: 0,
    ready: 0,
    notReady: [],
    unschedulable: [],
    imagePull: [],
    crashLooping: [],
    outOfMemory: [],
    restarted: [],
    restarts: 0,
    stability: 0,
    nextExpiry: Infinity,
  };
  for (const pod of pods) if (isCurrent(pod)) examinePod(facts, pod, now);
  return facts;
}

export function isCurrent(pod: PodSnapshot): boolean {
  return !pod.terminating && pod.phase !== 'Succeeded' && pod.phase !== 'Failed';
}

function examinePod(facts: PodFacts, pod: PodSnapshot, now: number): void {
  facts.current += 1;
  if (pod.ready) facts.ready += 1;
  else {
    facts.notReady.push(pod.name);
    if (pod.unschedulable !== undefined) facts.unschedulable.push(pod.name);
  }
  const restarts = countRestarts(facts, pod, now);
  const faults = faultOf(facts, pod, now);
  if (faults !== undefined) faults.push(pod.name);
  else {
    if (restarts > 0) facts.restarted.push(pod.name);
    facts.stability += Math.max(0, 100 - POINTS_PER_RESTART * restarts);
  }
}

function countRestarts(facts: PodFacts, pod: PodSnapshot, now: number): number {
  let count = 0;
  for (const at of pod.restarts) {
    if (now - at >= STABILITY_WINDOW) continue;
    count += 1;
    facts.nextExpiry = Math.min(facts.nextExpiry, at + STABILITY_WINDOW);
  }
  facts.restarts += count;
  return count;
}

/** The list that a pod belongs to which counts 0; a fault of the image hides the others because it is their cause. */
function faultOf(facts: PodFacts, pod: PodSnapshot, now: number): string[] | undefined {
  if (pod.waiting !== undefined && IMAGE_FAULTS.has(pod.waiting)) return facts.imagePull;
  const killed = pod.oomKilledAt !== undefined && now - pod.oomKilledAt < STABILITY_WINDOW;
  if (killed && pod.oomKilledAt !== undefined) {
    facts.nextExpiry = Math.min(facts.nextExpiry, pod.oomKilledAt + STABILITY_WINDOW);
  }
  if (killed) return facts.outOfMemory;
  return pod.waiting === 'CrashLoopBackOff' ? facts.crashLooping : undefined;
}
