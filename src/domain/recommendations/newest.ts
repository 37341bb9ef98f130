import type { PodSnapshot } from '../snapshot.ts';

/** The pod that looks as its successors will: in a rollout the newest one stays. Pods come in any order. */
export function newestPod(pods: readonly PodSnapshot[]): PodSnapshot | undefined {
  let newest: PodSnapshot | undefined;
  for (const pod of pods) if (!pod.terminating && (newest === undefined || isNewer(pod, newest))) newest = pod;
  return newest;
}

const isNewer = (a: PodSnapshot, b: PodSnapshot): boolean =>
  a.createdAt > b.createdAt || (a.createdAt === b.createdAt && a.name > b.name);
