const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const QUANTITY =
  /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?[0-9]{1,3}))?$/;

/**
 * The number that a Kubernetes quantity stands for (cores, bytes), undefined when it is none. The nearest double, not a product of two
 * rounded ones. Format: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(text: string): number | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, digits = '', suffix = '', exponent] = match;
  const binary = BINARY[suffix];
  const value =
    binary === undefined ? Number(`${digits}e${exponent ?? DECIMAL[suffix] ?? 0}`) : Number(digits) * 2 ** binary;
  return Number.isFinite(value) ? value : undefined;
}
