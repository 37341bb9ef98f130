import { request } from 'node:https';
import type { Kubectl } from './kubectl.ts';
import { SHOP } from './shop.ts';

/** Posts one heartbeat of `service` as a pod of it would: with a ServiceAccount token, over TLS with the CA that Baton publishes. */
export async function sendHeartbeat(
  kubectl: Kubectl,
  endpoint: string,
  service: string,
  figures: object,
): Promise<void> {
  const token = (await kubectl(['create', 'token', 'default', '--namespace', SHOP])).trim();
  const ca = await kubectl([
    'get',
    'configmap',
    'baton-ca',
    '--namespace=default',
    '--output=jsonpath={.data.ca\\.crt}',
  ]);
  const url = new URL(`/v1/namespaces/${SHOP}/services/${service}/heartbeat`, endpoint);
  const body = JSON.stringify(figures);
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  await new Promise<void>((resolve, reject) => {
    const sent = request(url, { method: 'POST', ca, servername: 'localhost', headers }, (response) => {
      response.resume();
      if (response.statusCode === 202) resolve();
      else reject(new Error(`the heartbeat was answered with ${response.statusCode}`));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
