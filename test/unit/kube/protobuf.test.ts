import { PbfWriter } from 'pbf';
import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/kube/codec.ts';
import { errorOfResponse } from '../../../src/kube/errors.ts';
import { protobufCodec } from '../../../src/kube/protobuf/codec.ts';
import { POD } from '../../../src/kube/protobuf/kinds.ts';
import { fc } from '../../support/properties.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const codec = protobufCodec<object>(POD);

type Write = (writer: PbfWriter) => void;

const bytes = (write: Write): Buffer => {
  const writer = new PbfWriter();
  write(writer);
  return Buffer.from(writer.finish());
};

/** What the API server writes: magic bytes, then kind and object (k8s.io/apimachinery/pkg/runtime.Unknown). */
const envelope = (kind: string, object: Write): Buffer => {
  const unknown = bytes((writer) => {
    writer.writeMessage(1, (_, meta) => meta.writeStringField(2, kind), undefined);
    writer.writeBytesField(2, bytes(object));
  });
  return Buffer.concat([Buffer.from('k8s\0'), unknown]);
};

const frame = (type: string, object: Buffer): Buffer => {
  const event = bytes((writer) => {
    writer.writeStringField(1, type);
    writer.writeMessage(2, (_, extension) => extension.writeBytesField(1, object), undefined);
  });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
};

const pod =
  (name: string): Write =>
  (writer) => {
    writer.writeMessage(
      1,
      (_, meta) => {
        meta.writeStringField(1, name);
        meta.writeStringField(3, 'shop');
        // managedFields: a field that nobody reads, longer than the chunks below.
        meta.writeBytesField(17, Buffer.alloc(300, 7));
      },
      undefined,
    );
  };

const status: Write = (writer) => {
  writer.writeStringField(3, 'too old resource version');
  writer.writeStringField(4, 'Expired');
  writer.writeMessage(5, (_, details) => details.writeVarintField(5, 3), undefined);
  writer.writeVarintField(6, 410);
};

describe('a watch in protobuf', () => {
  const read = (chunks: readonly Buffer[], contentType = `${PROTOBUF};stream=watch`): WatchEvent<object>[] => {
    const events: WatchEvent<object>[] = [];
    const splitter = codec.events(contentType, (event) => events.push(event));
    for (const chunk of chunks) splitter.push(chunk);
    return events;
  };

  it('gives the same events however it is cut into chunks', () => {
    const whole = Buffer.concat(['a', 'b', 'ü'].map((name) => frame('ADDED', envelope('Pod', pod(name)))));
    const expected = ['a', 'b', 'ü'].map((name) => ({
      type: 'ADDED',
      object: { metadata: { name, namespace: 'shop' } },
    }));
    expect(read([whole])).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 })), (sizes) => {
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) chunks.push(whole.subarray(at, (at += size)));
        expect(read([...chunks, whole.subarray(at)])).toEqual(expected);
      }),
    );
  });

  it('tells an error with its code', () => {
    const [event] = read([frame('ERROR', envelope('Status', status))]);
    const object = {
      kind: 'Status',
      message: 'too old resource version',
      reason: 'Expired',
      code: 410,
      details: { retryAfterSeconds: 3 },
    };
    expect(event).toEqual({ type: 'ERROR', object });
  });

  it('refuses what is cut short inside, what has no magic bytes and what claims to be endless', () => {
    const good = frame('ADDED', envelope('Pod', pod('a')));
    const short = Buffer.from(good.subarray(0, 60));
    short.writeUInt32BE(56);
    expect(() => read([short])).toThrow(/56 bytes was read to byte/);
    expect(() => read([frame('ADDED', bytes(pod('a')))])).toThrow(/magic bytes are missing/);
    expect(() => read([Buffer.from([0xff, 0xff, 0xff, 0xff])])).toThrow(/a frame of 4294967295 bytes/);
  });

  it('reads JSON where the server answers in it', () => {
    const events = read([Buffer.from('{"type":"BOOKMARK","object":{"metadata":{"name":"x"}}}\n')], 'application/json');
    expect(events).toEqual([{ type: 'BOOKMARK', object: { metadata: { name: 'x' } } }]);
  });
});

describe('a list in protobuf', () => {
  it('is read like one in JSON', () => {
    const list = envelope('PodList', (writer) => {
      writer.writeMessage(1, (_, meta) => meta.writeStringField(2, '17'), undefined);
      for (const name of ['a', 'b']) writer.writeMessage(2, (_, item) => pod(name)(item), undefined);
    });
    const json = Buffer.from(
      JSON.stringify({
        metadata: { resourceVersion: '17' },
        items: ['a', 'b'].map((name) => ({ metadata: { name, namespace: 'shop' } })),
      }),
    );
    expect(codec.list(PROTOBUF, list)).toEqual(codec.list('application/json', json));
  });

  it('has items when it is empty', () => {
    const list = envelope('PodList', (writer) =>
      writer.writeMessage(1, (_, meta) => meta.writeStringField(2, '17'), undefined),
    );
    expect(codec.list(PROTOBUF, list)).toEqual({ metadata: { resourceVersion: '17' }, items: [] });
  });
});

it('a refusal in protobuf keeps its reason and message', () => {
  const body = envelope('Status', status);
  const error = errorOfResponse('GET /pods', { status: 410, retryAfter: undefined, contentType: PROTOBUF, body });
  expect(error).toMatchObject({
    status: 410,
    reason: 'Expired',
    message: 'GET /pods: too old resource version',
    retryAfterMs: 3_000,
  });
});
