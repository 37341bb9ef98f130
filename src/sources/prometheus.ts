import { Agent, request, type Dispatcher } from 'undici';
import type { Reading } from '../domain/reading.ts';
import type { PrometheusOptions, PrometheusPolicy } from './api.ts';
import { bounded, messageOf, missing, type Source } from './contract.ts';
import { deadlineWithin, inWords } from './deadline.ts';
import { readingOfAnswer, seriesIn } from './prometheus-answer.ts';
import type { PrometheusQuery } from './queries.ts';

/** Ten thousand series are some megabytes of JSON; a query that Baton can use answers with some hundred bytes. */
const ANSWER_LIMIT = 1024 * 1024;

/**
 * Instant queries against the Prometheus that the policy names, with the operator's credentials: so only for the namespaces that
 * the policy names too. Prometheus gets the timeout as well, so that it stops evaluating what nobody waits for any more.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
 */
export function createPrometheus(options: PrometheusOptions): Source<PrometheusQuery> & { close(): Promise<void> } {
  const { clock } = options;
  const agent = new Agent({
    connections: 16,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 0 },
  });

  async function ask(policy: PrometheusPolicy, query: string, parent: AbortSignal): Promise<Reading> {
    const deadline = deadlineWithin(clock, parent, policy.timeoutMs);
    try {
      return await instantQuery(agent, policy, query, deadline.signal, () => clock.now());
    } catch (error) {
      const at = clock.now();
      if (deadline.expired()) return missing('SourceTimeout', `no answer within ${inWords(policy.timeoutMs)}`, at);
      if (parent.aborted) return missing('SourceTimeout', 'given up before an answer came', at);
      return missing('SourceUnavailable', `Prometheus at ${hostOf(policy.url)}: ${messageOf(error)}`, at);
    } finally {
      deadline.end();
    }
  }

  return {
    name: 'prometheus',
    async read({ namespace, query }, signal) {
      const policy = options.policy();
      if (policy === undefined) {
        return missing('SourceNotConfigured', 'the policy names no Prometheus', clock.now());
      }
      if (!policy.namespaces.includes('*') && !policy.namespaces.includes(namespace)) {
        const because = `metricSources.prometheus.namespaces does not name ${namespace}`;
        return missing('NamespaceNotAllowed', because, clock.now());
      }
      return ask(policy, query, signal);
    },
    close: () => agent.destroy(),
  };
}

async function instantQuery(
  dispatcher: Dispatcher,
  policy: PrometheusPolicy,
  query: string,
  signal: AbortSignal,
  now: () => number,
): Promise<Reading> {
  const base = policy.url.endsWith('/') ? policy.url : `${policy.url}/`;
  const { statusCode, headers, body } = await request(new URL('api/v1/query', base), {
    method: 'POST',
    dispatcher,
    signal,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ query, timeout: `${policy.timeoutMs}ms` }).toString(),
  });
  // Read in any case: a body that is destroyed without a reader ends the process with an uncaught error.
  const { text, whole } = await readAtMost(body, ANSWER_LIMIT);
  if (statusCode >= 300 && statusCode < 400) {
    const to = bounded(String(headers['location'] ?? 'nowhere'), 100);
    return missing(
      'SourceUnavailable',
      `answered ${statusCode}, a redirect to ${to}; redirects are not followed`,
      now(),
    );
  }
  if (whole) return readingOfAnswer(statusCode, text, now());
  const series = seriesIn(text);
  return series > 1
    ? missing(
        'AmbiguousResult',
        `the query gives ${series} series or more; aggregate it to one, e.g. with sum()`,
        now(),
      )
    : missing('SourceUnavailable', `the answer is larger than ${ANSWER_LIMIT} bytes`, now());
}

async function readAtMost(
  body: Dispatcher.ResponseData['body'],
  limit: number,
): Promise<{ text: string; whole: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > limit) return { text: Buffer.concat(chunks).toString('utf8'), whole: false };
  }
  return { text: Buffer.concat(chunks).toString('utf8'), whole: true };
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the address of the policy';
}
