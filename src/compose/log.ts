import type { ReflectorEvent } from '../kube/reflector.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/registry.ts';

/** One line for each turn in the life of a watch, and a count of its restarts. */
export function watchLog(log: Logger, metrics: Metrics): (resource: string, event: ReflectorEvent) => void {
  return (resource, event) => {
    switch (event.kind) {
      case 'synced':
        return log.debug(
          { resource, by: event.by, objects: event.objects, ms: Math.round(event.ms) },
          'cache is complete',
        );
      case 'restarted':
        metrics.increment('baton_watch_restarts_total', { resource, cause: event.relist ? 'relist' : 'resume' });
        return log.debug(
          { resource, retryInMs: Math.round(event.retryInMs), error: String(event.error) },
          'watch begins again',
        );
      case 'problem':
        return log.warn({ ...event.problem }, `cannot ${event.problem.verb} ${event.problem.resource}`);
      case 'recovered':
        return log.info(
          { resource, was: event.problem.reason },
          `can ${event.problem.verb} ${event.problem.resource} again`,
        );
      case 'unreadable':
        return log.warn(
          { resource, key: event.key, error: String(event.error) },
          'an object could not be read; it is left out until it changes',
        );
    }
  };
}
