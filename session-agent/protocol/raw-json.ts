/**
 * A JSON text in one line that was checked and is passed on unchanged, so that no number or key in
 * it is ever converted.
 */
export type RawJson = string & { readonly [rawJson]: true };
declare const rawJson: unique symbol;

/** One object with the members of all of them, in order. They must have no key in common. */
export function mergeObjects(...objects: readonly string[]): RawJson {
  const members = objects.map((object) => object.slice(1, -1)).filter((text) => text !== '');
  return asRawJson(`{${members.join(',')}}`);
}

/**
 * Brands a text that is known to be JSON: it was stringified, checked or joined from such texts.
 */
export const asRawJson = (text: string): RawJson => text as RawJson;

export const toRawJson = (value: object): RawJson => asRawJson(JSON.stringify(value));
