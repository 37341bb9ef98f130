import type { MissingReason, Reading } from '../domain/reading.ts';
import { bounded, missing } from './contract.ts';

interface Answer {
  readonly status?: unknown;
  readonly errorType?: unknown;
  readonly error?: unknown;
  readonly data?: { readonly resultType?: unknown; readonly result?: unknown };
}

/** What an answer to /api/v1/query means. A text that is no JSON, or not Prometheus', is the source's fault, not the query's. */
export function readingOfAnswer(httpStatus: number, text: string, at: number): Reading {
  const answer = parse(text);
  if (answer?.status === 'success' && httpStatus === 200) return readingOfResult(answer, at);
  if (answer?.status === 'error') {
    const because = `Prometheus says ${bounded(`${String(answer.errorType)}: ${String(answer.error)}`)}`;
    return missing(reasonOfError(httpStatus, String(answer.errorType)), because, at);
  }
  if (httpStatus === 401 || httpStatus === 403) {
    return missing('Forbidden', `Prometheus answered ${httpStatus} to POST /api/v1/query`, at);
  }
  const what = answer === undefined ? 'no JSON' : 'not what Prometheus answers';
  return missing('SourceUnavailable', `answered ${httpStatus} with ${what}: ${text.slice(0, 80)}`, at);
}

function parse(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

// The error types of web/api/v1/api.go: bad_data and execution are about the query, the others about the server.
function reasonOfError(httpStatus: number, errorType: string): MissingReason {
  if (errorType === 'timeout' || errorType === 'canceled') return 'SourceTimeout';
  if (errorType === 'bad_data' || errorType === 'execution') return 'InvalidValue';
  return httpStatus === 401 || httpStatus === 403 ? 'Forbidden' : 'SourceUnavailable';
}

function readingOfResult({ data }: Answer, at: number): Reading {
  const result = data?.result;
  if (!Array.isArray(result)) return missing('SourceUnavailable', 'the answer has no result', at);
  switch (data?.resultType) {
    case 'scalar':
      return readingOfSample(result, at);
    case 'vector': {
      if (result.length === 0) return missing('NoData', 'the query gives no series', at);
      if (result.length > 1) {
        return missing(
          'AmbiguousResult',
          `the query gives ${result.length} series; aggregate it to one, e.g. with sum()`,
          at,
        );
      }
      return readingOfSample((result[0] as { value?: unknown } | null)?.value, at);
    }
    case 'matrix':
      return missing('InvalidValue', 'the query gives a range, not a number; use a function such as rate()', at);
    case 'string':
      return missing('InvalidValue', `the query gives a string, not a number: ${String(result[1])}`, at);
    default:
      return missing('InvalidValue', `the query gives a ${String(data?.resultType)}, not a number`, at);
  }
}

function readingOfSample(sample: unknown, at: number): Reading {
  const text: unknown = Array.isArray(sample) ? sample[1] : undefined;
  if (typeof text !== 'string') return missing('InvalidValue', 'the query gives a histogram, not a number', at);
  const value = text === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) {
    return missing('InvalidValue', `the query gives ${text}; guard it, e.g. against division by zero`, at);
  }
  return { kind: 'value', value, at, evidence: bounded(`the query gives ${text}`) };
}

/** How many series a piece of an answer shows. */
export function seriesIn(text: string): number {
  return text.split('{"metric":').length - 1;
}
