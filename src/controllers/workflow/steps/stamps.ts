import { OPERATION } from '../../../api/annotations.ts';
import type { Operation } from '../../../domain/workflow/operation.ts';
import type { LiveObject } from './ports.ts';

/** Which operation changed an object last; null where none did. */
export const stampOf = ({ metadata }: LiveObject): string | null => metadata.annotations?.[OPERATION] ?? null;

export const stamp = (opId: string): Readonly<Record<string, string>> => ({ [OPERATION]: opId });

/** What is undone must still carry the stamp of what did it, or of another step of the same workflow that came after. */
export const isOwnStamp = (found: string | null, { undoes, own }: Operation): boolean =>
  found !== null && (found === undoes?.opId || own.includes(found));
