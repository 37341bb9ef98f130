// All keys and certificates of one control plane, and the files its components read them from.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Addresses } from './addresses.ts';
import {
  type Authority,
  createAuthority,
  createSigningKeys,
  issueCertificate,
  type KeyPairPem,
} from './certificates.ts';

export interface Credentials {
  /** Folder of the files. */
  readonly dir: string;
  readonly authority: Authority;
  readonly administrator: KeyPairPem;
  readonly controllerManager: KeyPairPem;
  readonly scheduler: KeyPairPem;
  /** Path of one of the files, as `NAME.crt` or `NAME.key`. */
  readonly file: (name: string) => string;
}

export function createCredentials(dir: string, addresses: Addresses): Credentials {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(dir, name);
  const put = (name: string, text: string) => writeFileSync(file(name), text, { mode: 0o600 });
  const putPair = (name: string, pair: KeyPairPem) => {
    put(`${name}.crt`, pair.certificate);
    put(`${name}.key`, pair.privateKey);
    return pair;
  };
  const authority = createAuthority('baton-cluster');
  // An authority of its own: whoever holds a certificate of it may claim to be any user (aggregation layer).
  const proxyAuthority = createAuthority('baton-front-proxy');
  const client = (commonName: string, organizations: string[] = []) =>
    issueCertificate(authority, { commonName, organizations, usage: 'client' });
  putPair('ca', authority);
  put('front-proxy-ca.crt', proxyAuthority.certificate);
  putPair('front-proxy', issueCertificate(proxyAuthority, { commonName: 'front-proxy-client', usage: 'client' }));
  putPair(
    'server',
    issueCertificate(authority, { commonName: 'kube-apiserver', usage: 'server', hosts: hosts(addresses) }),
  );
  putPair('apiserver-kubelet', client('kube-apiserver-kubelet-client', ['system:masters']));
  const signing = createSigningKeys();
  put('service-account.key', signing.privateKey);
  put('service-account.pub', signing.publicKey);
  return {
    dir,
    authority,
    administrator: putPair('admin', client('baton-admin', ['system:masters'])),
    controllerManager: client('system:kube-controller-manager'),
    scheduler: client('system:kube-scheduler'),
    file,
  };
}

function hosts(addresses: Addresses): string[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  return ['localhost', '127.0.0.1', addresses.host, addresses.node, addresses.apiService, ...service];
}
