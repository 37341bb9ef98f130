/** A MicroTime of the Kubernetes API: RFC 3339 in UTC with six digits of fraction. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
