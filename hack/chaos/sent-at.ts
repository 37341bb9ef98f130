/** The header in which a replica says when it sent a request, and the harness reads it: milliseconds since the epoch by a clock that no fault puts on. */
export const SENT_AT = 'x-chaos-sent-at';

/** Milliseconds since the epoch: unlike the wall clock of a replica it is not shifted, and processes of one machine agree on it. */
export const epochMs = (): number => performance.timeOrigin + performance.now();
