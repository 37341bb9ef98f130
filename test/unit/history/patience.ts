/** A thread takes its time to begin where the machine is busy, and no disk is slow here on purpose. */
export const PATIENCE = { answerMs: 120_000, lastRowsMs: 60_000 };
