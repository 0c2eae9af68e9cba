/** Deeper than this nobody reads it, and the agent's parser has a stack too. */
export const maxDepth = 100;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A copy of a value that JSON carries without any loss; `undefined` for any other, `'too large'` above `maxBytes`. Runs no user
 * code: an accessor, a proxy or a class makes the value one that is not plain.
 */
export function plainJson(value: unknown, maxBytes: number, isProxy: (value: object) => boolean): Json | undefined | TooLarge {
  let bytes = 0;
  const open = new Set<object>();

  const copy = (given: unknown, depth: number): Json => {
    bytes += typeof given === 'string' ? given.length + 2 : 4;
    if (bytes > maxBytes) throw tooLarge;
    if (given === null || typeof given === 'string' || typeof given === 'boolean') return given;
    if (typeof given === 'number' && Number.isFinite(given) && !Object.is(given, -0)) return given;
    if (typeof given !== 'object' || depth > maxDepth || open.has(given) || isProxy(given)) throw notPlain;
    open.add(given);
    const copied = Array.isArray(given) ? copyArray(given, depth) : copyObject(given, depth);
    open.delete(given);
    return copied;
  };
  const copyArray = (given: unknown[], depth: number): Json[] => {
    if (Object.getPrototypeOf(given) !== Array.prototype || Reflect.ownKeys(given).length !== given.length + 1) throw notPlain;
    return Array.from({ length: given.length }, (_, index) => copy(dataOf(given, String(index)), depth + 1));
  };
  const copyObject = (given: object, depth: number): Json => {
    const prototype: unknown = Object.getPrototypeOf(given);
    if (prototype !== null && prototype !== Object.prototype) throw notPlain;
    const copied: { [key: string]: Json } = {};
    for (const key of Reflect.ownKeys(given)) {
      if (typeof key !== 'string' || key === '__proto__') throw notPlain;
      bytes += key.length + 4;
      copied[key] = copy(dataOf(given, key), depth + 1);
    }
    return copied;
  };

  try {
    return copy(value, 0);
  } catch (reason) {
    if (reason === tooLarge) return tooLarge;
    return undefined;
  }
}

export const tooLarge = Symbol('too large');
export type TooLarge = typeof tooLarge;
const notPlain = new TypeError('not plain JSON');

function dataOf(holder: object, key: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(holder, key);
  if (!descriptor?.enumerable || !('value' in descriptor)) throw notPlain;
  return descriptor.value;
}
