// Kubeconfig files that can be copied anywhere: everything is inside.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import type { ClientCertificate } from './contract.ts';

export interface KubeconfigTarget {
  readonly server: string;
  readonly caCertificate: string;
}

export type KubeconfigUser = ClientCertificate | { readonly token: string };

export function renderKubeconfig(target: KubeconfigTarget, user: KubeconfigUser): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const credentials =
    'token' in user
      ? { token: user.token }
      : { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.privateKey) };
  const name = 'baton';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server: target.server, 'certificate-authority-data': base64(target.caCertificate) } },
    ],
    users: [{ name, user: credentials }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}

/** Readable by its owner only: it holds a key. */
export function writeKubeconfig(file: string, target: KubeconfigTarget, user: KubeconfigUser): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, renderKubeconfig(target, user), { mode: 0o600 });
  return file;
}
