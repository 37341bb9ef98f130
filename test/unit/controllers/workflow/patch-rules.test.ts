import { describe, expect, it } from 'vitest';
import { objectionTo } from '../../../../src/controllers/workflow/steps/patch-rules.ts';
import type { PatchAction } from '../../../../src/domain/workflow/action.ts';

const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const action = (type: PatchAction['type'], patch: unknown, on: object = {}): PatchAction => ({
  kind: 'patch',
  target: { ...target, ...on },
  type,
  patch,
});

describe('a patch of a step', () => {
  it.each([
    ['fields', 'Merge', { spec: { replicas: 3 }, data: null }],
    ['labels and annotations', 'Merge', { metadata: { labels: { a: 'b' }, annotations: { 'example.dev/x': null } } }],
    ['a list by its keys', 'Strategic', { spec: { tolerations: [{ $patch: 'replace' }] } }],
    ['operations', 'JSON', [{ op: 'add', path: '/spec/paused', value: true }]],
    ['an annotation', 'JSON', [{ op: 'remove', path: '/metadata/annotations/example.dev~1x' }]],
    ['a test of anything', 'JSON', [{ op: 'test', path: '/metadata/uid', value: 'u' }]],
    ['what looks like Baton', 'Merge', { metadata: { annotations: { 'notbaton.dev/x': '1' } } }],
  ] satisfies [string, PatchAction['type'], unknown][])('may change %s', (_, type, patch) => {
    expect(objectionTo(action(type, patch))).toBeUndefined();
  });

  it.each([
    ['owners', 'Merge', { metadata: { ownerReferences: [] } }],
    ['finalizers', 'Merge', { metadata: { finalizers: null } }],
    ['finalizers, by a directive', 'Strategic', { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } }],
    ['all of the metadata', 'Merge', { metadata: null }],
    ['all annotations', 'Merge', { metadata: { annotations: null } }],
    ['all annotations, by a directive', 'Strategic', { metadata: { annotations: { $patch: 'replace' } } }],
    ['the whole object, by a directive', 'Strategic', { $patch: 'delete' }],
    ['stamps of Baton', 'Merge', { metadata: { annotations: { 'baton.dev/op': 'x' } } }],
    ['labels of Baton', 'Merge', { metadata: { labels: { 'sub.baton.dev/x': 'y' } } }],
    ['nothing that is an object', 'Merge', [1]],
    ['owners, by an operation', 'JSON', [{ op: 'add', path: '/metadata/ownerReferences/-', value: {} }]],
    ['stamps, by an operation', 'JSON', [{ op: 'remove', path: '/metadata/annotations/baton.dev~1op' }]],
    ['all annotations, by an operation', 'JSON', [{ op: 'replace', path: '/metadata/annotations', value: {} }]],
    ['what it takes away', 'JSON', [{ op: 'move', from: '/metadata/finalizers', path: '/spec/x' }]],
    ['the whole object', 'JSON', [{ op: 'replace', path: '', value: {} }]],
    ['its kind', 'JSON', [{ op: 'replace', path: '/kind', value: 'Pod' }]],
    ['what has no path', 'JSON', [{ op: 'remove' }]],
    ['what is no list', 'JSON', { op: 'remove', path: '/spec' }],
  ] satisfies [string, PatchAction['type'], unknown][])('does not change %s', (_, type, patch) => {
    expect(objectionTo(action(type, patch))).toEqual(expect.any(String));
  });

  it.each([
    ['baton.dev/v1alpha1', 'Workflow'],
    ['rbac.authorization.k8s.io/v1', 'Role'],
    ['admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy'],
    ['coordination.k8s.io/v1', 'Lease'],
    ['v1', 'Secret'],
    ['v1', 'ServiceAccount'],
  ])('is none of %s %s', (apiVersion, kind) => {
    expect(objectionTo(action('Merge', { data: {} }, { apiVersion, kind }))).toEqual(expect.any(String));
  });
});
