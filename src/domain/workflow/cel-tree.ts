// What the syntax tree of @bufbuild/cel (google.api.expr.v1alpha1, cel/expr/syntax.proto) looks like, as far as it is walked here.

export interface AstNode {
  readonly $typeName: string;
  readonly id: bigint;
  exprKind: Kind;
}

interface Call {
  readonly $typeName: string;
  readonly function: string;
  target?: AstNode;
  args: AstNode[];
}

interface Comprehension {
  readonly iterVar: string;
  readonly iterVar2: string;
  readonly accuVar: string;
  readonly iterRange: AstNode;
  readonly accuInit: AstNode;
  loopCondition: AstNode;
  readonly loopStep: AstNode;
  readonly result: AstNode;
}

interface Entry {
  readonly keyKind:
    | { readonly case: 'mapKey'; readonly value: AstNode }
    | { readonly case: 'fieldKey'; readonly value: string };
  readonly value?: AstNode;
}

type ComprehensionKind = { readonly case: 'comprehensionExpr'; readonly value: Comprehension };

type Kind =
  | { readonly case: 'identExpr'; readonly value: { readonly name: string } }
  | {
      readonly case: 'constExpr';
      readonly value: { readonly constantKind: { readonly case?: string; readonly value?: unknown } };
    }
  | { readonly case: 'selectExpr'; readonly value: { readonly operand: AstNode; readonly field: string } }
  | { readonly case: 'callExpr'; readonly value: Call }
  | { readonly case: 'listExpr'; readonly value: { readonly elements: AstNode[] } }
  | { readonly case: 'structExpr'; readonly value: { readonly entries: Entry[] } }
  | ComprehensionKind;

export const isComprehension = (kind: Kind): kind is ComprehensionKind => kind.case === 'comprehensionExpr';

export function children({ exprKind: kind }: AstNode): AstNode[] {
  switch (kind.case) {
    case 'identExpr':
    case 'constExpr':
      return [];
    case 'selectExpr':
      return [kind.value.operand];
    case 'callExpr':
      return [...(kind.value.target ? [kind.value.target] : []), ...kind.value.args];
    case 'listExpr':
      return kind.value.elements;
    case 'structExpr':
      return kind.value.entries.flatMap(({ keyKind, value }) => [
        ...(keyKind.case === 'mapKey' ? [keyKind.value] : []),
        ...(value ? [value] : []),
      ]);
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = kind.value;
      return [iterRange, accuInit, loopCondition, loopStep, result];
    }
  }
}

/** Names that are not made by a macro of the expression itself. */
export function freeNames(node: AstNode, bound: ReadonlySet<string> = new Set()): Set<string> {
  const { exprKind: kind } = node;
  if (kind.case === 'identExpr')
    return new Set(bound.has(kind.value.name) || isType(kind.value.name) ? [] : [kind.value.name]);
  if (!isComprehension(kind)) return new Set(children(node).flatMap((child) => [...freeNames(child, bound)]));
  const { iterVar, iterVar2, accuVar, iterRange, accuInit, loopCondition, loopStep, result } = kind.value;
  const inner = new Set([...bound, iterVar, iterVar2, accuVar]);
  return new Set([
    ...[iterRange, accuInit].flatMap((child) => [...freeNames(child, bound)]),
    ...[loopCondition, loopStep, result].flatMap((child) => [...freeNames(child, inner)]),
  ]);
}

/** Of each name, the fields that are taken of it, by a dot or as `name['field']`; '*' where it is used in any other way. */
export function selectedFields(tree: AstNode): Map<string, Set<string>> {
  const uses = new Map<string, Set<string>>();
  const note = (name: string, field: string): void => void uses.set(name, (uses.get(name) ?? new Set()).add(field));
  const walk = (node: AstNode): void => {
    const taken = takenOf(node);
    if (taken !== undefined) return note(...taken);
    const { exprKind: kind } = node;
    if (kind.case === 'identExpr') note(kind.value.name, '*');
    for (const child of children(node)) walk(child);
  };
  walk(tree);
  return uses;
}

function takenOf({ exprKind: kind }: AstNode): [name: string, field: string] | undefined {
  if (kind.case === 'selectExpr') {
    const { operand, field } = kind.value;
    return operand.exprKind.case === 'identExpr' ? [operand.exprKind.value.name, field] : undefined;
  }
  if (kind.case !== 'callExpr' || kind.value.function !== '_[_]') return undefined;
  const [of, key] = kind.value.args;
  if (of?.exprKind.case !== 'identExpr' || key?.exprKind.case !== 'constExpr') return undefined;
  const { constantKind } = key.exprKind.value;
  return constantKind.case === 'stringValue' ? [of.exprKind.value.name, String(constantKind.value)] : undefined;
}

const TYPES = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'timestamp',
  'type',
  'uint',
]);
/** Names of types are values in CEL: `type(x) == int`. `strings` is the name space of strings.quote. */
const isType = (name: string): boolean => TYPES.has(name) || name === 'strings';
