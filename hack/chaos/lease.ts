/** Of the lease of each run, milliseconds: short, so that a run need not wait long for it to run out. */
export const LEASE = { duration: 3_000, deadline: 2_000, retry: 500 } as const;

export const LEASE_FLAGS: readonly string[] = [
  `--lease-duration=${LEASE.duration}ms`,
  `--renew-deadline=${LEASE.deadline}ms`,
  `--retry-period=${LEASE.retry}ms`,
];

/**
 * What is on its way for less than this never meets another leader, milliseconds: nothing is sent later than `deadline` after a renewal, and
 * nobody else leads before `duration` after it.
 */
export const ON_ITS_WAY_MS: number = LEASE.duration - LEASE.deadline;
