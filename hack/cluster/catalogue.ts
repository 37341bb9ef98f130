// Which program comes from which Go module. The versions are in modules/*/go.mod, where dependency bots read them.

export type ModuleName = 'controlplane' | 'kwok' | 'helm' | 'metrics-server' | 'kind';

export interface Program {
  readonly module: ModuleName;
  readonly package: string;
  /** Build time with an empty Go cache on 2 cores, in the order in which they stand here: they share packages. */
  readonly expectedSeconds: number;
}

const kubernetes = (command: string, expectedSeconds: number): Program => ({
  module: 'controlplane',
  package: `k8s.io/kubernetes/cmd/${command}`,
  expectedSeconds,
});

export const catalogue = {
  etcd: { module: 'controlplane', package: 'go.etcd.io/etcd/server/v3', expectedSeconds: 34 },
  'kube-apiserver': kubernetes('kube-apiserver', 138),
  'kube-controller-manager': kubernetes('kube-controller-manager', 45),
  'kube-scheduler': kubernetes('kube-scheduler', 4),
  kubectl: kubernetes('kubectl', 16),
  kubelet: kubernetes('kubelet', 12),
  'kube-proxy': kubernetes('kube-proxy', 6),
  kwok: { module: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok', expectedSeconds: 86 },
  helm: { module: 'helm', package: 'helm.sh/helm/v3/cmd/helm', expectedSeconds: 28 },
  'metrics-server': {
    module: 'metrics-server',
    package: 'sigs.k8s.io/metrics-server/cmd/metrics-server',
    expectedSeconds: 119,
  },
  kind: { module: 'kind', package: 'sigs.k8s.io/kind', expectedSeconds: 15 },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof catalogue;

/** The version of a required module, from the text of a go.mod. */
export function requiredVersion(goMod: string, module: string): string {
  const escaped = module.replace(/[.\\/]/g, '\\$&');
  const version = new RegExp(`^(?:require)?\\s*${escaped} (v\\S+)`, 'm').exec(goMod)?.[1];
  if (version === undefined) throw new Error(`go.mod does not require ${module}`);
  return version;
}

/** Programs tell their version to clients (and to version checks); a plain `go build` would leave it empty. */
export function linkerFlags(module: ModuleName, goMod: string): string {
  const flags = ['-s', '-w'];
  if (module === 'controlplane') {
    const version = requiredVersion(goMod, 'k8s.io/kubernetes');
    const [major, minor] = version.slice(1).split('.');
    const at = 'k8s.io/component-base/version';
    flags.push(`-X ${at}.gitVersion=${version}`, `-X ${at}.gitMajor=${major}`, `-X ${at}.gitMinor=${minor}`);
  }
  if (module === 'helm') {
    const version = requiredVersion(goMod, 'helm.sh/helm/v3');
    flags.push(`-X helm.sh/helm/v3/internal/version.version=${version}`);
  }
  if (module === 'metrics-server') {
    const version = requiredVersion(goMod, 'sigs.k8s.io/metrics-server');
    flags.push(`-X k8s.io/component-base/version.gitVersion=${version}`);
  }
  return flags.join(' ');
}
