import { HEALS } from '../api/annotations.ts';
import { GROUP, type OrchestratedService, VERSION } from '../api/kinds.ts';
import { Actor, type ActorOptions, askerOf } from '../controllers/acts/actor.ts';
import type { PodProjector, RawPod } from '../controllers/project/pod.ts';
import { ACT, type RestartAct, type RollBackAct, type StartWorkflowAct } from '../domain/guard/act.ts';
import type { Permit } from '../domain/guard/examine.ts';
import { moveBounds, readBounds } from '../kube/autoscalers.ts';
import { evict, readPod } from '../kube/pods.ts';
import { restart, rollBack } from '../kube/rollouts.ts';
import { readTraffic, writeSelector } from '../kube/traffic.ts';
import { readService } from '../kube/services.ts';
import type { ReplicasWriter } from '../kube/replicas.ts';
import type { RestClient } from '../kube/rest.ts';
import { startWorkflow } from '../kube/workflows.ts';
import type { Metrics } from '../telemetry/registry.ts';
import { SERVICES, WORKFLOWS } from './caches.ts';

interface ActsOptions {
  readonly rest: RestClient;
  readonly metrics: Metrics;
  readonly replicas: ReplicasWriter;
  readonly leads: () => boolean;
  readonly situations: ActorOptions['situations'];
  readonly projector: Pick<PodProjector, 'project'>;
  readonly now: () => number;
  readonly halt: () => string | undefined;
}

/** The one that acts, with the API server behind it. */
export function createActor({ rest, metrics, replicas, leads, situations, projector, now, halt }: ActsOptions): Actor {
  return new Actor({
    leads,
    situations,
    halt,
    live: {
      asker: async (reference, signal) => {
        const service: OrchestratedService | undefined = await readService(rest, SERVICES, reference, signal);
        return service && askerOf(service);
      },
      workload: (reference, signal) => replicas.read(reference, signal),
      autoscaler: (reference, signal) => readBounds(rest, reference, signal),
      pod: async (reference, signal) => {
        const found = await readPod(rest, reference, signal);
        return found !== undefined && 'pod' in found ? projector.project(found.pod as RawPod) : found;
      },
      traffic: (reference, signal) => readTraffic(rest, reference, signal),
    },
    port: {
      scale: ({ act, live }, signal) => replicas.write(act.target, live, act, signal),
      moveBounds: ({ act, live }, signal) =>
        moveBounds(rest, { ...act.target, resourceVersion: live.resourceVersion }, act.to, signal),
      evict: ({ act }, signal) => evict(rest, act.target, signal),
      restart: (permit, signal) => restart(rest, rollOf(permit), new Date(now()), signal),
      rollBack: (permit, signal) => {
        const { target, revision: hash } = permit.act;
        return rollBack(rest, rollOf(permit), { hash, uid: target.uid }, signal);
      },
      select: ({ act, live }, signal) => writeSelector(rest, { ...act.target, ...live }, act, signal),
      startWorkflow: ({ act }, signal) => startWorkflow(rest, WORKFLOWS, workflowOf(act), ACT, signal),
    },
    onOutcome: ({ act, cause }, { kind }) => {
      metrics.increment('baton_acts_total', { act: act.type, cause, outcome: kind });
      const action = cause === 'Healing' ? HEALING[act.type] : undefined;
      if (action !== undefined) metrics.increment('baton_healing_actions_total', { action, outcome: kind });
    },
  });
}

/** As they are called in spec.healing. */
const HEALING: Readonly<Record<string, string>> = {
  Evict: 'DeletePod',
  Restart: 'Restart',
  RollBack: 'RollbackRevision',
  StartWorkflow: 'Workflow',
};

/** It stays when the OrchestratedService goes: whoever began something sees to its end. */
const workflowOf = ({ target, id, name, service, template, parameters, serviceAccountName }: StartWorkflowAct) => ({
  apiVersion: `${GROUP}/${VERSION}`,
  kind: 'Workflow',
  metadata: { namespace: target.namespace, name, annotations: { [ACT]: id, [HEALS]: service } },
  spec: {
    templateRef: { name: template },
    ...(parameters && { parameters }),
    ...(serviceAccountName !== undefined && { serviceAccountName }),
  },
});

const rollOf = ({ act, live }: Permit<RestartAct> | Permit<RollBackAct>) => ({
  target: act.target,
  resourceVersion: live.resourceVersion,
  annotations: { ...live.annotations, [ACT]: act.id },
});
