import { HEALTH_LEVELS, type Health, type HealthLevel } from '../../../api/kinds.ts';
import { formatDuration } from '../../../domain/duration.ts';
import { rank } from '../../../domain/health/level.ts';
import type { HealthAction } from '../../../domain/workflow/action.ts';
import type { Answer, Operation } from '../../../domain/workflow/operation.ts';
import { NOTHING_TO_STOP, type StepContext, type StepKind, waiting } from './contract.ts';

interface Ports {
  /** The level of an OrchestratedService as last written; undefined where there is none. */
  readonly healthOf: (namespace: string, name: string) => Health | undefined;
  readonly now: () => number;
}

type Op = Operation<HealthAction>;

/** Waits until an OrchestratedService is healthy enough, for long enough. */
export class HealthStep implements StepKind<HealthAction> {
  readonly #ports: Ports;
  readonly stop = NOTHING_TO_STOP;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  prepare({ action }: Op, { workflow }: StepContext): Promise<Answer> {
    const { service, atLeast, forMs } = action;
    const health = this.#ports.healthOf(workflow.namespace, service) ?? 'not there';
    const lasting = forMs > 0 ? ` for ${formatDuration(forMs)}` : '';
    const message = `waits until ${service}, which is ${health}, is ${atLeast} or better${lasting}`;
    return Promise.resolve({ kind: 'prepared', before: {}, rehearsal: { message } });
  }

  apply(): Promise<Answer> {
    return Promise.resolve({ kind: 'applied' });
  }

  verify({ action, since }: Op, { workflow }: StepContext): Promise<Answer> {
    return Promise.resolve(this.#look(action, since, workflow.namespace));
  }

  watches({ action }: Op) {
    return [{ kind: 'OrchestratedService', name: action.service }];
  }

  #look({ service, atLeast, forMs }: HealthAction, since: number | undefined, namespace: string): Answer {
    const health = this.#ports.healthOf(namespace, service);
    if (health === undefined) return waiting(`nothing is known of an OrchestratedService ${service} yet`, true);
    if (!isLevel(health) || rank(health) > rank(atLeast)) {
      return waiting(`${service} is ${health}, and has to be ${atLeast} or better`, true);
    }
    const now = this.#ports.now();
    const left = Math.min(since ?? now, now) + forMs - now;
    if (left <= 0) return { kind: 'done', outputs: { health } };
    const message = `${service} is ${health}, and has to stay so for ${formatDuration(forMs)}`;
    return { kind: 'waiting', message, since: Math.min(since ?? now, now), lookAgainInMs: left };
  }
}

const isLevel = (health: Health): health is HealthLevel => HEALTH_LEVELS.some((level) => level === health);
