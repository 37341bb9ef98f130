import { ApiError } from './errors.ts';
import type { RestClient } from './rest.ts';

interface Service {
  spec?: { clusterIP?: string; ports?: { name?: string; port: number }[] };
}

export type ServiceAddress =
  /** `port` is undefined when the Service has no port of that name. */
  | { readonly kind: 'found'; readonly host: string; readonly port: number | undefined }
  | { readonly kind: 'none'; readonly because: 'absent' | 'headless' }
  | { readonly kind: 'forbidden' };

/** Cluster address and port of a Service. Rejects with ApiError when the API server cannot be asked. */
export async function serviceAddress(
  rest: RestClient,
  { namespace, name, port }: { readonly namespace: string; readonly name: string; readonly port: number | string },
  signal: AbortSignal,
): Promise<ServiceAddress> {
  try {
    const { spec } = await rest.get<Service>(
      { group: '', version: 'v1', plural: 'services', namespace, name },
      { signal },
    );
    const host = spec?.clusterIP;
    if (!host || host === 'None') return { kind: 'none', because: 'headless' };
    const named = typeof port === 'number' ? port : spec.ports?.find((candidate) => candidate.name === port)?.port;
    return { kind: 'found', host, port: named };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) return { kind: 'none', because: 'absent' };
    if (error.status === 403) return { kind: 'forbidden' };
    throw error;
  }
}
