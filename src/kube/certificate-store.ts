import { ApiError } from './errors.ts';
import type { KubeObject, Target } from './resource.ts';
import type { RestClient } from './rest.ts';

/** Where replicas share their certificate: a Secret, and a ConfigMap that publishes the CA under `ca.crt`. */
export interface CertificateStoreOptions {
  readonly rest: RestClient;
  readonly namespace: string;
  readonly secret: string;
  readonly configMap: string;
}

type Data = Readonly<Record<string, string>>;
type WithData = KubeObject & { readonly data?: Data };

/** The Secret and the ConfigMap of a self-made certificate. Every method rejects with ApiError (409: another replica was faster). */
export class CertificateStore {
  readonly #rest: RestClient;
  readonly #secret: Target & { readonly name: string };
  readonly #configMap: Target & { readonly name: string };

  constructor({ rest, namespace, secret, configMap }: CertificateStoreOptions) {
    this.#rest = rest;
    this.#secret = { group: '', version: 'v1', plural: 'secrets', namespace, name: secret };
    this.#configMap = { group: '', version: 'v1', plural: 'configmaps', namespace, name: configMap };
  }

  async read(signal: AbortSignal): Promise<{ data: Data; resourceVersion: string } | undefined> {
    const secret = await this.#find(this.#secret, signal);
    if (!secret) return undefined;
    const data = Object.entries(secret.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]);
    return { data: Object.fromEntries(data) as Data, resourceVersion: secret.metadata.resourceVersion };
  }

  async write(data: Data, resourceVersion: string | undefined, signal: AbortSignal): Promise<void> {
    const { name, ...collection } = this.#secret;
    const body = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', stringData: data };
    if (resourceVersion === undefined) await this.#rest.create(collection, { ...body, metadata: { name } }, { signal });
    else await this.#rest.update(this.#secret, { ...body, metadata: { name, resourceVersion } }, { signal });
  }

  async publish(ca: string, signal: AbortSignal): Promise<void> {
    const { name, ...collection } = this.#configMap;
    const current = await this.#find(this.#configMap, signal);
    if (current?.data?.['ca.crt'] === ca) return;
    const data = { 'ca.crt': ca };
    if (current) await this.#rest.patch(this.#configMap, 'merge', { data }, { signal });
    else
      await this.#rest.create(
        collection,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
        { signal },
      );
  }

  async #find(target: Target, signal: AbortSignal): Promise<WithData | undefined> {
    try {
      return await this.#rest.get<WithData>(target, { signal });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }
}
