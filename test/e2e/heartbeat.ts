import { eventually, kubectl } from './bed.ts';

/** Runs in the pod: reads the published authority with the pod's token, then posts over TLS to `host` and prints the answer. */
const SCRIPT = `
const { request } = require('node:https');
const { readFileSync } = require('node:fs');
const [host, path, body] = process.argv.slice(1);
const mounted = (name) => readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/' + name, 'utf8');
const headers = { authorization: 'Bearer ' + mounted('token') };
const ask = (options, sent) => new Promise((resolve, reject) => {
  request({ headers, ...options }, async (answer) => {
    let text = '';
    for await (const part of answer) text += part;
    resolve({ status: answer.statusCode, text });
  }).on('error', reject).end(sent);
});
(async () => {
  const api = { host: process.env.KUBERNETES_SERVICE_HOST, port: process.env.KUBERNETES_SERVICE_PORT, ca: mounted('ca.crt') };
  const published = await ask({ ...api, path: '/api/v1/namespaces/baton-system/configmaps/baton-ca' });
  const ca = JSON.parse(published.text).data['ca.crt'];
  const target = { host, port: 8443, servername: 'baton.baton-system.svc', ca, method: 'POST', path };
  console.log(JSON.stringify(await ask(target, body)));
})();
`;

export interface Answer {
  status: number;
  text: string;
}

/** Posts `body` as the pod `poster` of `from`, for a service of the namespace shop, to the Service or a replica at `host`; again where it is told to come later. */
export async function post(from: string, host: string, service: string, body: object): Promise<Answer> {
  const path = `/v1/namespaces/shop/services/${service}/heartbeat`;
  const node = ['/usr/local/bin/node', '-e', SCRIPT, host, path, JSON.stringify(body)];
  const once = async () => JSON.parse(await kubectl('exec', '--namespace', from, 'poster', '--', ...node)) as Answer;
  return eventually('an answer to the heartbeat', 30, once, ({ status }) => status !== 503);
}
