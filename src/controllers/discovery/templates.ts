import { type Content, formatContent, wantedContent } from '../../domain/discovery/content.ts';
import type { DiscoveryRule } from '../../domain/discovery/rules.ts';
import type { DiscoveryPort } from './ports.ts';

/** What the services of a rule are to be, as the API server completes it with defaults; or why they cannot be. */
export type Template =
  | { readonly kind: 'ready'; readonly content: Content; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: 'TemplateInvalid' | 'Forbidden'; readonly message: string };

interface Known {
  readonly source: string;
  readonly template: Template;
  readonly at: number;
}

/** It is copied into an annotation of each service, and all of these together may have 256 KiB. */
const LARGEST = 32 * 1024;
/** A refusal may end without a change of the template: by other CRDs, or another role. */
export const REFUSED_RETRY_MS = 60_000;

/**
 * The templates of the rules. Each is shown to the API server once, without keeping anything: only it knows the schema with all its rules, and
 * without its defaults nobody could tell later what a person wrote.
 */
export class Templates {
  readonly #port: Pick<DiscoveryPort, 'preview'>;
  readonly #monotonic: () => number;
  readonly #known = new Map<string, Known>();

  constructor(port: Pick<DiscoveryPort, 'preview'>, monotonic: () => number) {
    this.#port = port;
    this.#monotonic = monotonic;
  }

  async of({ name, template }: DiscoveryRule, signal: AbortSignal): Promise<Template> {
    const source = JSON.stringify(template);
    const known = this.#known.get(name);
    const isOld = known?.template.kind === 'refused' && this.#monotonic() - known.at >= REFUSED_RETRY_MS;
    if (known?.source === source && !isOld) return known.template;
    const made = await this.#make(source, template, signal);
    this.#known.set(name, { source, template: made, at: this.#monotonic() });
    return made;
  }

  async #make(source: string, { metadata, spec }: DiscoveryRule['template'], signal: AbortSignal): Promise<Template> {
    if (source.length > LARGEST) {
      return { kind: 'refused', reason: 'TemplateInvalid', message: `it is larger than ${LARGEST / 1024} KiB` };
    }
    const preview = await this.#port.preview(spec, signal);
    switch (preview.kind) {
      case 'refused':
        return { kind: 'refused', reason: 'TemplateInvalid', message: preview.message };
      case 'forbidden':
        return {
          kind: 'refused',
          reason: 'Forbidden',
          message: `Baton may not ${preview.verb} ${preview.resource}`,
        };
      case 'accepted': {
        const content = wantedContent(metadata.labels, preview.spec);
        return { kind: 'ready', content, text: formatContent(content) };
      }
    }
  }

  /** Forgets rules that there are no more. */
  keep(rules: readonly DiscoveryRule[]): void {
    const names = new Set(rules.map(({ name }) => name));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
  }

  refusals(): { rule: string; reason: 'TemplateInvalid' | 'Forbidden'; message: string }[] {
    return [...this.#known].flatMap(([rule, { template }]) => {
      if (template.kind === 'ready') return [];
      const { reason, message } = template;
      return [{ rule, reason, message }];
    });
  }

  reset(): void {
    this.#known.clear();
  }
}
