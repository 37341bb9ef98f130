import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** The part of a structural schema that the generators read. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: number;
}

export interface Crd {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly group: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly version: string;
  readonly columns: readonly PrinterColumn[];
  readonly schema: Schema;
}

interface CustomResourceDefinition {
  spec: {
    group: string;
    scope: Crd['scope'];
    names: { kind: string; plural: string; shortNames: string[]; categories: string[] };
    versions: { name: string; additionalPrinterColumns: PrinterColumn[]; schema: { openAPIV3Schema: Schema } }[];
  };
}

/** The CRD at `path`, with its one version. Throws when it has none or several. */
export async function readCrd(path: string): Promise<Crd> {
  const { spec } = parse(await readFile(path, 'utf8')) as CustomResourceDefinition;
  const [version, ...more] = spec.versions;
  if (version === undefined || more.length > 0) throw new Error(`${path} must have exactly one version`);
  return {
    ...spec.names,
    group: spec.group,
    scope: spec.scope,
    version: version.name,
    columns: version.additionalPrinterColumns,
    schema: version.schema.openAPIV3Schema,
  };
}
