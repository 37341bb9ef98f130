/** Times of workflows are written with milliseconds: steps may be over in less than a second. */
export const stamp = (ms: number): string => new Date(ms).toISOString();

/** ms since the epoch; undefined for none. */
export const readStamp = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);
