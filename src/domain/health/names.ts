/** `a, b, c and 4 more`: at most three names, in alphabetical order so that the order they came in does not matter. */
export function nameSome(names: readonly string[]): string {
  const sorted = names.length > 1 ? [...names].sort() : names;
  return sorted.length <= 3 ? sorted.join(', ') : `${sorted.slice(0, 3).join(', ')} and ${sorted.length - 3} more`;
}

/** Cut to the limit of a field of the CRD. */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}
