import { asRawJson, type RawJson } from '../../../../protocol/raw-json.ts';
import { wellFormedJson } from '../../../../protocol/well-formed-json.ts';
import { userRealm } from '../realm/user-realm.ts';

const { stringify: stringifyJson } = JSON;

/** As `JSON.stringify`, without lone surrogates. */
export function stringify(value: string | number | boolean | null): string;
export function stringify(value: unknown): string | undefined;
export function stringify(value: unknown): string | undefined {
  const text: string | undefined = stringifyJson(value);
  return text === undefined ? undefined : wellFormedJson(text);
}

/** Deeper values are not readable anyway, and the agent's parser has a limited stack. */
export const maxDepth = 100;

/**
 * The JSON of a value that JSON represents without loss; `undefined` for any other value,
 * `tooLarge` above about `maxBytes`. It runs no user code: a value with an accessor, a proxy or a
 * class is not plain.
 */
export function plainJson(
  value: unknown,
  maxBytes: number,
  isProxy: (value: object) => boolean,
): RawJson | undefined | TooLarge {
  let bytes = 0;
  const open = new Set<object>();

  const write = (given: unknown, depth: number): string => {
    bytes += typeof given === 'string' ? given.length + 2 : 4;
    if (bytes > maxBytes) throw tooLarge;
    if (given === null || typeof given === 'string' || typeof given === 'boolean')
      return stringify(given);
    if (typeof given === 'number' && Number.isFinite(given) && !Object.is(given, -0))
      return stringify(given);
    if (typeof given !== 'object' || depth > maxDepth || open.has(given) || isProxy(given))
      throw notPlain;
    open.add(given);
    const text = Array.isArray(given) ? writeArray(given, depth) : writeObject(given, depth);
    open.delete(given);
    return text;
  };
  const writeArray = (given: unknown[], depth: number): string => {
    if (
      Object.getPrototypeOf(given) !== userRealm.arrayPrototype ||
      Reflect.ownKeys(given).length !== given.length + 1
    )
      throw notPlain;
    const items = Array.from({ length: given.length }, (_, index) =>
      write(dataOf(given, String(index)), depth + 1),
    );
    return `[${items.join(',')}]`;
  };
  const writeObject = (given: object, depth: number): string => {
    const prototype: unknown = Object.getPrototypeOf(given);
    if (prototype !== null && prototype !== userRealm.objectPrototype) throw notPlain;
    const members = Reflect.ownKeys(given).map((key) => {
      if (typeof key !== 'string') throw notPlain;
      bytes += key.length + 4;
      return `${stringify(key)}:${write(dataOf(given, key), depth + 1)}`;
    });
    return `{${members.join(',')}}`;
  };

  try {
    return asRawJson(write(value, 0));
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
