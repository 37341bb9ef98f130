// Which provider a machine gets: pure choice, and the look at the machine that it is made from.
import { execFileSync } from 'node:child_process';
import { goVersion } from './binaries.ts';
import type { Provider } from './contract.ts';

export interface Machine {
  /** The variable KUBECONFIG. */
  readonly kubeconfig: string | undefined;
  /** `docker` or `podman` when its engine answers. */
  readonly engine: () => string | undefined;
  /** The variable KUBEBUILDER_ASSETS. */
  readonly assets: string | undefined;
  readonly go: () => string | undefined;
}

export interface Choice {
  readonly provider: Provider;
  /** For a person. */
  readonly because: string;
}

/** The first that fits; `forced` (a name from a flag or variable) overrides. Throws on an unknown name. */
export function chooseProvider(machine: Machine, forced?: string): Choice {
  if (forced !== undefined && forced !== '') return { provider: parseProvider(forced), because: 'asked for' };
  if (machine.kubeconfig) return { provider: 'kubeconfig', because: `KUBECONFIG names ${machine.kubeconfig}` };
  const engine = machine.engine();
  if (engine !== undefined) return { provider: 'kind', because: `${engine} answers` };
  if (machine.assets) return { provider: 'assets', because: `KUBEBUILDER_ASSETS names ${machine.assets}` };
  const go = machine.go();
  return {
    provider: 'build',
    because: go === undefined ? 'nothing else is here' : `no container engine answers; ${go} is here`,
  };
}

function parseProvider(name: string): Provider {
  if (name === 'kubeconfig' || name === 'kind' || name === 'assets' || name === 'build') return name;
  throw new Error(`provider "${name}" is none of kubeconfig, kind, assets, build`);
}

export function thisMachine(environment: NodeJS.ProcessEnv = process.env): Machine {
  return {
    kubeconfig: environment['KUBECONFIG'],
    engine: () => ['docker', 'podman'].find(engineAnswers),
    assets: environment['KUBEBUILDER_ASSETS'],
    go: goVersion,
  };
}

/** The client alone is not enough: a machine often has `docker` and no engine behind it. */
function engineAnswers(command: string): boolean {
  try {
    execFileSync(command, ['info'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
