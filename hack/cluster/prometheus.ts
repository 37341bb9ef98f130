// A real Prometheus, from Debian's package. Its program is unpacked into the cache: nothing is installed, no root is
// needed, and no service is started.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from './binaries.ts';
import type { ComponentSpec } from './component.ts';
import type { PrometheusOptions } from './contract.ts';
import { answersOk } from './control-plane.ts';
import { aptGet } from './node/apt.ts';
import { onPath } from './node/packages.ts';

/** There is no Prometheus on this machine and no way to get one; the message is the reason. */
export class PrometheusUnavailable extends Error {
  override readonly name = 'PrometheusUnavailable';
}

/** Path of the program: the one on PATH, else the cached one, else downloaded. */
export function prometheusBinary(log: (line: string) => void): string {
  const folder = join(cacheRoot(), 'debian-prometheus');
  const cached = join(folder, 'usr/bin/prometheus');
  const present = onPath('prometheus') ?? (existsSync(cached) ? cached : undefined);
  if (present !== undefined) return present;
  if (onPath('apt-get') === undefined)
    throw new PrometheusUnavailable('no prometheus on PATH and no apt-get to get one');
  log('downloading the Debian package of Prometheus');
  mkdirSync(cacheRoot(), { recursive: true });
  const scratch = mkdtempSync(join(cacheRoot(), '.prometheus-'));
  try {
    download(scratch);
    const deb = readdirSync(scratch).find((name) => name.endsWith('.deb'));
    if (deb === undefined) throw new Error('apt-get downloaded no package');
    execFileSync('dpkg', ['-x', join(scratch, deb), join(scratch, 'root')], { stdio: 'pipe' });
    // Another process may have been faster; then its result is as good.
    if (!existsSync(cached)) renameSync(join(scratch, 'root'), folder);
    return cached;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer };
    const said = (stderr?.toString() ?? message).trim();
    throw new PrometheusUnavailable(`getting the Debian package failed: ${said.slice(-500)}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function download(cwd: string): void {
  const fetch = () => aptGet(['download', '-qq', 'prometheus'], cwd);
  try {
    fetch();
  } catch (error) {
    // The lists may be missing or out of date, as in a fresh container.
    if (process.getuid?.() !== 0) throw error;
    aptGet(['update', '-qq']);
    fetch();
  }
}

export interface PrometheusPlan {
  readonly dir: string;
  readonly binary: string;
  /** Address to listen on, without the port. */
  readonly host: string;
  readonly port: number;
  readonly options: PrometheusOptions;
}

export function prometheus(plan: PrometheusPlan): ComponentSpec {
  const folder = join(plan.dir, 'prometheus');
  mkdirSync(folder, { recursive: true });
  const put = (name: string, content: object) => {
    // JSON is YAML.
    writeFileSync(join(folder, name), JSON.stringify(content, undefined, 2), { mode: 0o600 });
    return join(folder, name);
  };
  const interval = plan.options.scrapeInterval ?? '1s';
  const config = put('prometheus.yml', {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: [put('rules.yml', { groups: plan.options.ruleGroups ?? [] })],
    scrape_configs: plan.options.scrapeConfigs ?? [],
  });
  return {
    name: 'prometheus',
    command: plan.binary,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${plan.host}:${plan.port}`,
      '--web.enable-lifecycle',
      '--log.level=warn',
    ],
    ready: () => answersOk(`http://${plan.host}:${plan.port}/-/ready`),
  };
}
