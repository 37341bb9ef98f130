import { expect, it } from 'vitest';
import type { Api, Answer } from '../support/api.ts';

/** One mistake: the same object with `wrong` is refused with words that help, and with `right` in its place it is accepted. */
export interface Mistake {
  readonly title: string;
  readonly wrong: unknown;
  readonly right: unknown;
  readonly says: string;
}

/** Tries an object without keeping it, with strict field validation as kubectl asks for it. */
export const attempt = (api: Api, path: string, body: object): Promise<Answer> =>
  api.call('POST', path, { body, query: { dryRun: 'All', fieldValidation: 'Strict' } });

/** Validation comes before the look whether an object of that name is there already. */
const outcome = ({ status, body, message }: Answer): string =>
  status === 201 || body['reason'] === 'AlreadyExists' ? 'accepted' : message;

/** Declares a test for each mistake in the part of the object that `build` leaves open. */
export function refuses(
  about: string,
  tryIt: (object: object) => Promise<Answer>,
  build: (part: unknown) => object,
  mistakes: readonly Mistake[],
): void {
  it.each(mistakes)(`${about}: $title`, async ({ wrong, right, says }) => {
    const refused = await tryIt(build(wrong));
    expect(refused.message).toContain(says);
    expect([400, 422]).toContain(refused.status);
    // A rule that fails to evaluate refuses too, but in words about CEL.
    expect(refused.message).not.toMatch(/evaluation error|no such overload|invalid duration|compile/i);
    const accepted = await tryIt(build(right));
    expect(outcome(accepted)).toBe('accepted');
  });
}
