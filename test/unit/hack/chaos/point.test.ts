import { describe, expect, it } from 'vitest';
import { pointOf } from '../../../../hack/chaos/point.ts';

const point = (body: object, path = '/apis/x/workflows/w/status?fieldManager=baton') =>
  pointOf({ method: 'PUT', path, body: Buffer.from(JSON.stringify(body)) });

describe('a write', () => {
  it('is the same when another life of a replica makes it, later and of another version', () => {
    const first = point({
      metadata: { resourceVersion: '1' },
      status: { phase: 'Running', at: '2026-01-01T00:00:00Z' },
    });
    expect(
      point({ metadata: { resourceVersion: '7' }, status: { phase: 'Running', at: '2026-01-01T00:00:09Z' } }),
    ).toBe(first);
    expect(
      point({ metadata: { resourceVersion: '1' }, status: { phase: 'Failed', at: '2026-01-01T00:00:00Z' } }),
    ).not.toBe(first);
  });

  it('is of no interest where it tells how a service is', () => {
    expect(
      point({ status: {} }, '/apis/baton.dev/v1alpha1/namespaces/n/orchestratedservices/s/status'),
    ).toBeUndefined();
    expect(point({ spec: {} }, '/apis/baton.dev/v1alpha1/namespaces/n/orchestratedservices/s')).toBeDefined();
  });
});
