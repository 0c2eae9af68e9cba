const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * A Kubernetes quantity as a number: `500m` is 0.5, `512Mi` is 536870912.
 * Source: the API's reference for `Quantity`, of which the contract takes amounts that are not negative.
 * @throws Error for what is no quantity.
 */
export function parseQuantity(quantity: string): number {
  const match = /^([\d.]+)(?:e(\d+)|([A-Za-z]*))$/.exec(quantity);
  const factor = match?.[2] === undefined ? factors[match?.[3] ?? ''] : 10 ** Number(match[2]);
  const value = Number(match?.[1]) * (factor ?? Number.NaN);
  if (Number.isNaN(value)) throw new Error(`${quantity} is not a quantity`);
  return value;
}
