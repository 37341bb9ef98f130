import { count, flag, many, type Message, number, one, quantityMap, text, textMap, texts, time } from './message.ts';

/**
 * The fields that Baton reads, with their numbers in Kubernetes' k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto,
 * k8s.io/api/{core/v1,apps/v1,policy/v1}/generated.proto. A number never changes its meaning.
 */
export const OBJECT_META: Message = {
  1: text('name'),
  3: text('namespace'),
  5: text('uid'),
  6: text('resourceVersion'),
  7: number('generation'),
  8: time('creationTimestamp'),
  9: time('deletionTimestamp'),
  11: textMap('labels'),
  12: textMap('annotations'),
  13: many('ownerReferences', {
    1: text('kind'),
    3: text('name'),
    4: text('uid'),
    5: text('apiVersion'),
    6: flag('controller'),
  }),
};

export const LIST_META: Message = { 2: text('resourceVersion'), 3: text('continue') };

/** The answer to what failed. */
export const STATUS: Message = {
  2: text('status'),
  3: text('message'),
  4: text('reason'),
  5: one('details', {
    1: text('name'),
    2: text('group'),
    3: text('kind'),
    4: many('causes', { 1: text('reason'), 2: text('message'), 3: text('field') }),
    5: number('retryAfterSeconds'),
  }),
  6: number('code'),
};

const RESOURCES: Message = { 1: quantityMap('limits'), 2: quantityMap('requests') };

const CONTAINER: Message = {
  1: text('name'),
  6: many('ports', { 1: text('name'), 3: number('containerPort') }),
  8: one('resources', RESOURCES),
  24: text('restartPolicy'),
};

const CONTAINER_STATE: Message = {
  1: one('waiting', { 1: text('reason') }),
  3: one('terminated', { 3: text('reason'), 6: time('finishedAt') }),
};

const CONTAINER_STATUS: Message = {
  1: text('name'),
  2: one('state', CONTAINER_STATE),
  3: one('lastState', CONTAINER_STATE),
  5: number('restartCount'),
};

export const POD: Message = {
  1: one('metadata', OBJECT_META),
  2: one('spec', {
    2: many('containers', CONTAINER),
    10: text('nodeName'),
    11: flag('hostNetwork'),
    20: many('initContainers', CONTAINER),
    32: quantityMap('overhead'),
    40: one('resources', RESOURCES),
  }),
  3: one('status', {
    1: text('phase'),
    2: many('conditions', {
      1: text('type'),
      2: text('status'),
      4: time('lastTransitionTime'),
      5: text('reason'),
      6: text('message'),
    }),
    6: text('podIP'),
    7: time('startTime'),
    8: many('containerStatuses', CONTAINER_STATUS),
    10: many('initContainerStatuses', CONTAINER_STATUS),
  }),
};

const LABEL_SELECTOR: Message = {
  1: textMap('matchLabels'),
  2: many('matchExpressions', { 1: text('key'), 2: text('operator'), 3: texts('values') }),
};

export const DEPLOYMENT: Message = {
  1: one('metadata', OBJECT_META),
  2: one('spec', { 1: count('replicas'), 2: one('selector', LABEL_SELECTOR) }),
  3: one('status', {
    1: number('observedGeneration'),
    2: number('replicas'),
    3: number('updatedReplicas'),
    4: number('availableReplicas'),
    6: many('conditions', { 1: text('type'), 2: text('status'), 4: text('reason'), 5: text('message') }),
    7: number('readyReplicas'),
  }),
};

export const REPLICA_SET: Message = {
  1: one('metadata', OBJECT_META),
  2: one('spec', { 1: count('replicas'), 2: one('selector', LABEL_SELECTOR) }),
  3: one('status', { 3: number('observedGeneration') }),
};

export const STATEFUL_SET: Message = {
  1: one('metadata', OBJECT_META),
  2: one('spec', {
    1: count('replicas'),
    2: one('selector', LABEL_SELECTOR),
    7: one('updateStrategy', { 1: text('type'), 2: one('rollingUpdate', { 1: count('partition') }) }),
  }),
  3: one('status', {
    1: number('observedGeneration'),
    2: number('replicas'),
    3: number('readyReplicas'),
    5: number('updatedReplicas'),
    6: text('currentRevision'),
    7: text('updateRevision'),
    11: number('availableReplicas'),
  }),
};

export const NAMESPACE: Message = { 1: one('metadata', OBJECT_META) };

export const POD_DISRUPTION_BUDGET: Message = {
  1: one('metadata', OBJECT_META),
  2: one('spec', { 2: one('selector', LABEL_SELECTOR) }),
};
