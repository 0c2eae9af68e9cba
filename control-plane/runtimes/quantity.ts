import { quantityPattern } from '@steppe/contracts/fields';

const exponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const factors: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * A Kubernetes quantity as a number: `500m` is 0.5, `512Mi` is 536870912. Equal quantities give
 * equal numbers, however they are written, because a decimal and its exponent are converted
 * together and therefore rounded once.
 * @throws Error for an invalid quantity.
 */
export function parseQuantity(quantity: string): number {
  const match = quantityPattern.exec(quantity);
  if (!match) throw new Error(`${quantity} is not a quantity`);
  const [, number = '', suffix = '', exponent = exponents[suffix] ?? 0] = match;
  return Number(`${number}e${exponent}`) * (factors[suffix] ?? 1);
}
