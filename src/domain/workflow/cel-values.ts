import { type CelInput, isCelList, isCelMap, isCelUint } from '@bufbuild/cel';

/** JSON as CEL has it: whole numbers are int, as in Kubernetes, the others double. */
export function toCel(value: unknown): CelInput {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return null;
  return new Map(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, toCel(field)]),
  );
}

/** A value of CEL as JSON. Throws for what JSON does not have, such as bytes and types. */
export function fromCel(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (isCelUint(value)) return Number(value.value);
  if (isCelList(value)) return [...value].map(fromCel);
  if (isCelMap(value))
    return Object.fromEntries([...value].map(([key, field]) => [String(fromCel(key)), fromCel(field)]));
  throw new Error('it is neither a number, a text, true or false, a list nor a map; write string(...) around it');
}
