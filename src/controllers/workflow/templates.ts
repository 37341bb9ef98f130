import type { WorkflowTemplateStatus } from '../../api/kinds.ts';
import { deepEqual } from '../../domain/equal.ts';
import { Conditions } from '../../domain/status/conditions.ts';
import { declarationProblems } from '../../domain/workflow/instantiate.ts';
import { validate } from '../../domain/workflow/validate.ts';
import type { Count, Result, WriteStatus } from '../ports.ts';
import type { WorkflowCaches } from './caches.ts';

export interface TemplatesOptions {
  readonly caches: Pick<WorkflowCaches, 'templates'>;
  readonly ports: Parameters<typeof validate>[1];
  /** Whether a whole text matches a regular expression (RE2); undefined where that is none. */
  readonly matches: (pattern: string, text: string) => boolean | undefined;
  readonly writeStatus: WriteStatus;
  readonly now: () => number;
  readonly count: Count;
}

const CONFLICT_MS = 250;

/** Says of a template whether workflows can be started from it, before somebody needs one at night. */
export class Templates {
  readonly #options: TemplatesOptions;

  constructor(options: TemplatesOptions) {
    this.#options = options;
  }

  async reconcile(key: string, { signal }: { readonly signal: AbortSignal }): Promise<Result> {
    const { caches, ports, matches, writeStatus, now, count } = this.#options;
    const template = caches.templates.get(key);
    if (template === undefined || template.metadata.deletionTimestamp !== undefined) return { kind: 'done' };
    const { namespace, name, uid, resourceVersion, spec, status: before } = template;
    const { generation } = template.metadata;
    const parameters = (spec.parameters ?? []).map((parameter) => ({
      name: parameter.name,
      value: parameter.default ?? '',
    }));
    const problems = [
      ...declarationProblems(spec, matches).map((message) => ({ reason: 'InvalidParameters' as const, message })),
      ...validate({ ...ORDERS, approvals: [], ...spec, parameters }, ports),
    ];
    const conditions = new Conditions(before?.conditions, generation, now());
    const [first] = problems;
    if (first === undefined) conditions.set('Ready', 'True', 'TemplateValid', 'workflows can be started from it');
    else conditions.set('Ready', 'False', first.reason, problems.map(({ message }) => message).join('; '));
    const status: WorkflowTemplateStatus = {
      observedGeneration: generation,
      steps: spec.steps.length,
      conditions: conditions.list,
    };
    if (deepEqual(status, before)) return { kind: 'done' };
    const reference = { kind: 'WorkflowTemplate', namespace, name, uid, resourceVersion } as const;
    const outcome = await writeStatus(reference, status, signal);
    count.statusWrite('WorkflowTemplate', outcome.kind === 'written' ? 'written' : 'conflict');
    return outcome.kind === 'conflict' ? { kind: 'requeueAfter', ms: CONFLICT_MS } : { kind: 'done' };
  }
}

/** What a workflow says beside what its template says. */
const ORDERS = { mode: 'Execute', priority: 500, suspend: false, cancel: 'None' } as const;
