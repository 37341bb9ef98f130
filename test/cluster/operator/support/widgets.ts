import { accept, type Bed } from './bed.ts';
import { type Obj, osvc, podTemplate } from './objects.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** A kind of a test's own, Widget of some group, with or without a scale subresource. */
export class Widgets {
  readonly group: string;
  readonly #bed: Bed;
  readonly #path: string;

  constructor(bed: Bed, group: string) {
    this.#bed = bed;
    this.group = group;
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

  /** Also when it is not installed any more. */
  async uninstall(): Promise<void> {
    await this.#bed.api.call('DELETE', `${CRDS}/widgets.${this.group}`);
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

  async scale(name: string, replicas: number): Promise<void> {
    accept(await this.#bed.api.call('PATCH', `${this.#path}/${name}`, { body: { spec: { replicas } } }));
  }

  async remove(name: string): Promise<void> {
    accept(await this.#bed.api.call('DELETE', `${this.#path}/${name}`));
  }

  /** Looks after the Widget of the same name. */
  osvc(name: string): Obj {
    return osvc(name, { targetRef: { apiVersion: `${this.group}/v1`, kind: 'Widget', name } });
  }

  /** A pod that nobody owns, with the label by which the Widget `app` finds it. */
  pod(name: string, app: string): Obj {
    const { metadata, spec } = podTemplate({ app }) as { metadata: object; spec: object };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec };
  }
}
