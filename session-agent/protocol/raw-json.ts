/**
 * A JSON text in one line that was checked and is passed on as it is: what it says is never put
 * into other numbers or keys.
 */
export type RawJson = string & { readonly [rawJson]: true };
declare const rawJson: unique symbol;

/**
 * The members of JSON objects one after the other, as one object; the objects have no key in
 * common.
 */
export function mergeObjects(...objects: readonly string[]): RawJson {
  const members = objects.map((object) => object.slice(1, -1)).filter((text) => text !== '');
  return asRawJson(`{${members.join(',')}}`);
}

/** For what is JSON by how it was made: by `JSON.stringify`, by a check, or of such texts. */
export const asRawJson = (text: string): RawJson => text as RawJson;

export const toRawJson = (value: object): RawJson => asRawJson(JSON.stringify(value));
