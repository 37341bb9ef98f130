import { isCurrent } from '../health/pods.ts';
import type { PodSnapshot } from '../snapshot.ts';

export interface SickPod {
  readonly name: string;
  readonly uid: string;
  /** What is wrong with it, e.g. "was not ready for 40s". */
  readonly since: number;
}

/** A new pod of the same template would fail in the same way, or find no node either. */
const NOT_BY_ITSELF: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
]);

/** Whether a new pod in its place may be better: it runs somewhere and is not ready, by its own fault. */
export const isSick = (
  pod: Pick<PodSnapshot, 'ready' | 'waiting' | 'unschedulable' | 'node' | 'phase' | 'terminating'>,
): boolean =>
  !pod.terminating &&
  pod.phase !== 'Succeeded' &&
  pod.phase !== 'Failed' &&
  !pod.ready &&
  pod.node !== undefined &&
  pod.unschedulable === undefined &&
  (pod.waiting === undefined || !NOT_BY_ITSELF.has(pod.waiting));

/** Pods that were sick for so long, the longest first. */
export function sickPods(pods: readonly PodSnapshot[], after: number, now: number): readonly SickPod[] {
  return pods
    .filter((pod) => isCurrent(pod) && isSick(pod))
    .map((pod) => ({ name: pod.name, uid: pod.uid, since: pod.readyChangedAt ?? pod.startedAt ?? pod.createdAt }))
    .filter(({ since }) => now - since >= after)
    .sort((a, b) => a.since - b.since || (a.name < b.name ? -1 : 1));
}

/** When the next pod will have been sick for so long, ms since the epoch; Infinity when there is none. */
export function nextSickAt(pods: readonly PodSnapshot[], after: number, now: number): number {
  let next = Infinity;
  for (const pod of pods) {
    if (!isSick(pod)) continue;
    const at = (pod.readyChangedAt ?? pod.startedAt ?? pod.createdAt) + after;
    if (at > now) next = Math.min(next, at);
  }
  return next;
}
