import { z } from 'zod';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration such as 15s, in milliseconds once parsed. What is refused is not compared with other settings as well. */
const duration = (minMs: number, maxMs: number, said: string, stepMs = 1) =>
  z
    .string()
    .regex(/^\d{1,9}(ms|s|m|h|d)$/, {
      error: `allowed: a duration such as 15s (units ms, s, m, h, d), ${said}`,
      abort: true,
    })
    .transform((text) => Number.parseInt(text, 10) * UNITS[text.replace(/\d+/, '') as keyof typeof UNITS])
    .refine((ms) => ms >= minMs && ms <= maxMs && ms % stepMs === 0, { error: `allowed: ${said}`, abort: true });

const ADDRESS = /^(|\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;
const address = z
  .string()
  .refine(
    (text) => text === '' || (ADDRESS.test(text) && Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535),
    "allowed: host:port, :port for all addresses, port 0 for any free port, or '' for off",
  );

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const name = z
  .string()
  .max(63, 'allowed: at most 63 characters')
  .regex(NAME, 'allowed: lower case letters, digits and -');
const optionalName = z.union([z.literal(''), name], {
  error: "allowed: a name of lower case letters, digits and -, or ''",
});

const SIZES = { Mi: 1_024 ** 2, Gi: 1_024 ** 3 } as const;
const SIZE = 'allowed: a size such as 512Mi (units Mi, Gi), 32Mi to 1024Gi';

/** A size such as 512Mi, in bytes once parsed. */
const size = z
  .string()
  .regex(/^\d{1,6}(Mi|Gi)$/, { error: SIZE, abort: true })
  .transform((text) => Number.parseInt(text, 10) * SIZES[text.slice(-2) as keyof typeof SIZES])
  .refine((bytes) => bytes >= 32 * SIZES.Mi && bytes <= 1_024 * SIZES.Gi, { error: SIZE });

const WORKERS = 'allowed: a whole number from 1 to 256';

/**
 * Settings of the process: what cannot be policy because it is needed before the policy can be read. Each key is a flag
 * (`--metrics-address`), an environment variable (`BATON_METRICS_ADDRESS`) and a key of the file.
 */
export const settingsSchema = z
  .strictObject({
    metricsAddress: address.default(':8080').meta({ description: 'Where /metrics is served.' }),
    probeAddress: address.default(':8081').meta({ description: 'Where /healthz and /readyz are served.' }),
    heartbeatAddress: address.default(':8443').meta({ description: 'Where components post heartbeats, over TLS.' }),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .meta({ description: 'The least severe lines that are logged.' }),
    logFormat: z
      .enum(['json', 'pretty'])
      .default('json')
      .meta({ description: 'json for machines, pretty for people.' }),
    workers: z
      .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], { error: WORKERS })
      .refine((count) => Number.isInteger(count) && count >= 1 && count <= 256, WORKERS)
      .default(32)
      .meta({ description: 'Services reconciled at once.' }),
    namespace: optionalName.default('').meta({
      description:
        'Look after one namespace only; empty means all. Orchestration/default is then read, and summing up is left to an operator that looks after all.',
    }),
    scalingInterval: duration(1_000, 600_000, '1s to 10m')
      .default(15_000)
      .meta({ description: 'How often the replicas of each service are decided on when nothing changes.' }),
    leaderElection: z
      .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], {
        error: 'allowed: true or false',
      })
      .default(true)
      .meta({
        description: 'Whether replicas agree on one that acts. Switch off only where there is never a second one.',
      }),
    leaseNamespace: optionalName.default('').meta({
      description:
        "Namespace of the lease, the TLS secret and the CA; empty means the operator's own, or default out of a cluster.",
    }),
    leaseName: name.default('baton').meta({ description: 'Name of the lease.' }),
    leaseDuration: duration(1_000, 3_600_000, '1s to 1h, whole seconds', 1_000)
      .default(15_000)
      .meta({ description: 'How long a leader that fell silent keeps the lease.' }),
    renewDeadline: duration(500, 3_600_000, '500ms to 1h')
      .default(10_000)
      .meta({ description: 'A leader that could not renew for this long stops acting.' }),
    retryPeriod: duration(100, 600_000, '100ms to 10m')
      .default(2_000)
      .meta({ description: 'How often the lease is renewed or tried for.' }),
    identity: z
      .string()
      .max(253)
      .default('')
      .meta({ description: 'Name of this replica in the lease; empty means host name, process id and a random part.' }),
    advertiseHost: z
      .string()
      .max(253)
      .default('')
      .meta({ description: "Address by which other replicas reach this one's heartbeat port; empty means 127.0.0.1." }),
    serviceName: name
      .default('baton')
      .meta({ description: 'Service in front of the heartbeat port; its names go into the self-made certificate.' }),
    tlsCertFile: z.string().default('').meta({ description: 'Serving certificate, PEM; empty means self-made.' }),
    tlsKeyFile: z.string().default('').meta({ description: 'Key of tlsCertFile, PEM.' }),
    tlsCaFile: z
      .string()
      .default('')
      .meta({ description: 'CA of tlsCertFile, PEM, by which replicas trust each other.' }),
    tlsSecret: name.default('baton-tls').meta({ description: 'Secret that holds the self-made certificate.' }),
    caConfigMap: name.default('baton-ca').meta({ description: 'ConfigMap that publishes its CA under ca.crt.' }),
    shutdownTimeout: duration(2_000, 300_000, '2s to 5m')
      .default(5_000)
      .meta({ description: 'Work under way gets this long to end after SIGTERM.' }),
    historyPath: z
      .string()
      .default('')
      .meta({ description: 'File in which the load of services and all decisions are kept; empty means nowhere.' }),
    historyRetention: duration(3_600_000, 3_650 * 86_400_000, '1h to 3650d')
      .default(30 * 86_400_000)
      .meta({ description: 'How long the history keeps what it has.' }),
    historyMaxSize: size
      .default(512 * SIZES.Mi)
      .meta({ description: 'How much of the disk the history may take; before that, the oldest goes.' }),
  })
  .superRefine((settings, context) => {
    const issue = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
    if (settings.renewDeadline >= settings.leaseDuration) {
      issue(
        'renewDeadline',
        `allowed: less than leaseDuration (${settings.leaseDuration} ms), or two replicas could act at once`,
      );
    }
    if (settings.retryPeriod * 1.2 >= settings.renewDeadline) {
      issue(
        'retryPeriod',
        `allowed: less than renewDeadline / 1.2 (${settings.renewDeadline / 1.2} ms), or one late renewal would lose the lease`,
      );
    }
    if ((settings.tlsCertFile === '') !== (settings.tlsKeyFile === '')) {
      issue('tlsKeyFile', 'allowed: tlsCertFile and tlsKeyFile both or neither');
    }
    if (settings.tlsCaFile !== '' && settings.tlsCertFile === '') issue('tlsCaFile', 'allowed: only with tlsCertFile');
  });

export type Settings = z.output<typeof settingsSchema>;
