import { pino, type Logger } from 'pino';

export type { Logger };

/** Lines that go on after a crash: pino writes synchronously to standard output, JSON with an RFC 3339 time. */
export function createLogger(options: { level: string; format: 'json' | 'pretty' }): Logger {
  const base = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
    serializers: { error: pino.stdSerializers.err },
  };
  return options.format === 'json' ? pino(base, pino.destination({ fd: 1, sync: true })) : pino(base, new Pretty());
}

/** `12:00:01 info  text key=value`: enough for a terminal, without a dependency in the image. */
class Pretty {
  write(line: string): void {
    const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const details = Object.entries(rest)
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' ');
    process.stdout.write(`${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(msg)} ${details}\n`);
  }
}
