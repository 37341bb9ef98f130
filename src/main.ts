// First: it sets up the heap that the rest is loaded into.
import './compose/heap.ts';
import { runOperator } from './compose/operator.ts';
import { loadSettings, SettingsError, usage } from './config/load.ts';
import type { Settings } from './config/schema.ts';
import { ConnectionError } from './kube/connection.ts';
import { createLogger } from './telemetry/log.ts';

const VERSION = process.env['BATON_VERSION'] ?? 'source';

/** 0 after a clean stop, 1 when something failed or hung, 2 when the settings or the kubeconfig are wrong. */
async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage());
    return 0;
  }
  if (args.includes('--version')) {
    console.log(VERSION);
    return 0;
  }
  let settings: Settings;
  try {
    settings = loadSettings(args, process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(error.message);
    return 2;
  }
  const log = createLogger({ level: settings.logLevel, format: settings.logFormat });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort(new Error(name)));
  try {
    const hanging = await runOperator(settings, VERSION, log, stop.signal);
    if (hanging.length === 0) log.info({}, 'stopped');
    else log.error({ hanging }, 'stopped, but not everything ended in time');
    return hanging.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof SettingsError) {
      log.fatal({}, error.message);
      return 2;
    }
    log.fatal({ error }, error instanceof Error ? error.message : 'failed');
    return 1;
  }
}

// A request that hangs must not keep a process alive that has said good-bye.
process.exit(await main());
