// The embedded cluster, for code. `npm run cluster` is the same for people.
//
//   const cluster = await startCluster({ dir, nodes: 3, apiServerFlags: ['--min-request-timeout=5'] });
//   cluster.kubeconfig                              // path, administrator
//   await cluster.apiServer.kill(); await cluster.apiServer.start();
//   await cluster.issueClientCertificate({ commonName: 'alice', groups: ['team'], validSeconds: 20 });
//   const prometheus = await cluster.startPrometheus({ scrapeConfigs: [...] });   // prometheus.url
//   await cluster.stop();                           // also done by a watchdog when this process dies
//
// With a real node: `startCluster({ kubelet: true })` throws KubeletUnavailable (its message is the reason) where root or
// the Debian packages cannot be had; `cluster.node.importImage(tar)` loads images. Pods have no DNS: Service addresses and
// the variables of Services work, names do not. The host reaches pods and Service addresses. Fake nodes beside a real one
// carry the taint kwok.x-k8s.io/node.
export { MissingPrerequisite } from './binaries.ts';
export type { ClientCertificate, Cluster, ClusterOptions, Component, Prometheus } from './contract.ts';
export { KubeletUnavailable } from './node/packages.ts';
export { obtainCluster } from './obtain.ts';
export { startCluster } from './start.ts';
