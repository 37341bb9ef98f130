import { eventually } from '../../support/eventually.ts';
import { accept, type Bed } from './bed.ts';
import { type Obj, osvc, podTemplate } from './objects.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Crd {
  readonly spec: { readonly versions: readonly object[] };
}

/** A kind of a test's own, Widget of some group, with or without a scale subresource. */
export class Widgets {
  readonly group: string;
  readonly #bed: Bed;
  readonly #path: string;
  readonly #crd: string;

  constructor(bed: Bed, group: string) {
    this.#bed = bed;
    this.group = group;
    this.#crd = `${CRDS}/widgets.${group}`;
    this.#path = `/apis/${group}/v1/namespaces/${bed.namespace}/widgets`;
  }

  async install(scale: boolean): Promise<void> {
    const metadata = { name: `widgets.${this.group}` };
    const paths = {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    };
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const version = {
      name: 'v1',
      served: true,
      storage: true,
      schema,
      ...(scale && { subresources: { scale: paths } }),
    };
    const names = { kind: 'Widget', plural: 'widgets' };
    const spec = { group: this.group, scope: 'Namespaced', names, versions: [version] };
    const body = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, spec };
    accept(await this.#bed.api.call('POST', CRDS, { body }));
  }

  /** Adds a version v2, to which a webhook would have to convert that does not exist: no request for an object in it succeeds. */
  async addBrokenVersion(): Promise<void> {
    const crd = accept(await this.#bed.api.call('GET', this.#crd)).body as unknown as Crd;
    const [first] = crd.spec.versions;
    const versions = [first, { ...first, name: 'v2', storage: false }];
    // Port 9 of loopback: refused at once.
    const clientConfig = { url: 'https://127.0.0.1:9/convert' };
    const conversion = { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } };
    accept(await this.#bed.api.call('PATCH', this.#crd, { body: { spec: { versions, conversion } } }));
    const look = () => this.#bed.api.call('GET', this.#path.replace('/v1/', '/v2/'));
    // 429 while its cache tries to list.
    await eventually('v2 is served and fails', 30, look, ({ status }) => status === 429 || status === 500);
  }

  /** The webhook of v2 is not needed any more. */
  async mendVersion(): Promise<void> {
    const body = { spec: { conversion: { strategy: 'None', webhook: null } } };
    accept(await this.#bed.api.call('PATCH', this.#crd, { body }));
  }

  /** Also when it is not installed any more. */
  async uninstall(): Promise<void> {
    await this.#bed.api.call('DELETE', this.#crd);
  }

  /** An object that asks for so many replicas, with a selector for the label app=NAME. */
  async create(name: string, replicas: number): Promise<void> {
    const object = { apiVersion: `${this.group}/v1`, kind: 'Widget', metadata: { name } };
    const body = { ...object, spec: { replicas }, status: { replicas, selector: `app=${name}` } };
    for (let tries = 0; ; tries++) {
      const answer = await this.#bed.api.call('POST', this.#path, { body });
      if (answer.status === 201) return;
      // The API server begins to serve a kind a moment after its CRD was made.
      if (answer.status !== 404 || tries > 100) accept(answer);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** What it asks for. */
  async replicas(name: string): Promise<number> {
    return (await this.#bed.get<Obj & { spec: { replicas: number } }>('Widget', name, `${this.group}/v1`)).spec
      .replicas;
  }

  async scale(name: string, replicas: number): Promise<void> {
    accept(await this.#bed.api.call('PATCH', `${this.#path}/${name}`, { body: { spec: { replicas } } }));
  }

  async remove(name: string): Promise<void> {
    accept(await this.#bed.api.call('DELETE', `${this.#path}/${name}`));
  }

  /** Looks after the Widget of the same name. */
  osvc(name: string, version = 'v1'): Obj {
    return osvc(name, { targetRef: { apiVersion: `${this.group}/${version}`, kind: 'Widget', name } });
  }

  /** A pod that nobody owns, with the label by which the Widget `app` finds it. */
  pod(name: string, app: string): Obj {
    const { metadata, spec } = podTemplate({ app }) as { metadata: object; spec: object };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec };
  }
}
