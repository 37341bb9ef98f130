import { BY_DEPENDENCY, BY_STARTUP, type CachedService, type Caches } from '../controllers/service/caches.ts';
import { Starter, type StarterOptions } from '../controllers/startup/starter.ts';

interface StartingOptions extends Pick<StarterOptions, 'actor' | 'situations' | 'enqueue' | 'now'> {
  /** Made after it, because it is one of its parts. */
  readonly services: () => { latest(key: string): CachedService | undefined };
  readonly caches: Pick<Caches, 'services'>;
  /** The one that Baton looks after; empty for all. */
  readonly namespace: string;
}

/** The one that starts services in order, with the services as they were last written. */
export function createStarter({ services, caches, namespace, ...options }: StartingOptions): Starter {
  const latest = (key: string) => services().latest(key);
  const found = (index: string, value: string): CachedService[] =>
    caches.services.byIndex(index, value).map((service) => latest(`${service.namespace}/${service.name}`) ?? service);
  return new Starter({
    ...options,
    sees: (other) => namespace === '' || namespace === other,
    services: {
      latest,
      startingIn: (other) => found(BY_STARTUP, other),
      dependantsOf: (key) => found(BY_DEPENDENCY, key),
    },
  });
}
