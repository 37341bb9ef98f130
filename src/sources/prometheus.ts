import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
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
  const keep = { keepAlive: true, maxSockets: 16 };
  const agents = { 'http:': new http.Agent(keep), 'https:': new https.Agent(keep) };

  async function ask(policy: PrometheusPolicy, query: string, parent: AbortSignal): Promise<Reading> {
    const deadline = deadlineWithin(clock, parent, policy.timeoutMs);
    try {
      return await instantQuery(agents, policy, query, deadline.signal, () => clock.now());
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
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
      return Promise.resolve();
    },
  };
}

interface Agents {
  readonly 'http:': http.Agent;
  readonly 'https:': https.Agent;
}

async function instantQuery(
  agents: Agents,
  policy: PrometheusPolicy,
  query: string,
  signal: AbortSignal,
  now: () => number,
): Promise<Reading> {
  const base = policy.url.endsWith('/') ? policy.url : `${policy.url}/`;
  const form = new URLSearchParams({ query, timeout: `${policy.timeoutMs}ms` }).toString();
  const response = await post(agents, new URL('api/v1/query', base), form, signal);
  const { statusCode = 0, headers } = response;
  const { text, whole } = await readAtMost(response, ANSWER_LIMIT);
  if (statusCode >= 300 && statusCode < 400) {
    const to = bounded(headers.location ?? 'nowhere', 100);
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

function post(agents: Agents, url: URL, form: string, signal: AbortSignal): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:';
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(form),
    accept: 'application/json',
  };
  const options = { method: 'POST', agent: agents[isSecure ? 'https:' : 'http:'], headers, signal };
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      const request = isSecure ? https.request(url, options, resolve) : http.request(url, options, resolve);
      // The other end may close a kept connection at the moment it is used again; asking once more changes nothing there.
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (request.reusedSocket && error.code === 'ECONNRESET') attempt();
        else reject(error);
      });
      request.end(form);
    };
    attempt();
  });
}

async function readAtMost(body: IncomingMessage, limit: number): Promise<{ text: string; whole: boolean }> {
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
