import type { Api } from './api.ts';
import { eventually } from './eventually.ts';

export interface Access {
  readonly namespace: string;
  readonly verb: string;
  /** '' for the core group. */
  readonly group: string;
  readonly resource: string;
}

/** The user that a ServiceAccount is. */
export const accountOf = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

/** Waits until the API server goes by roles and bindings that were written: it hears of them a moment later, also of what they take away. */
export async function inForce(api: Api, user: string, { group, ...access }: Access, allowed = true): Promise<void> {
  const body = { spec: { user, resourceAttributes: { ...access, group } } };
  await eventually(
    `${user} ${allowed ? 'may' : 'may not'} ${access.verb} ${access.resource}`,
    30,
    () => api.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { body }),
    ({ body: review }) => (review['status'] as { allowed: boolean } | undefined)?.allowed === allowed,
  );
}
