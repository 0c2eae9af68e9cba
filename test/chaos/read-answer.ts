import type * as z from 'zod';

/** What came whole and is not what the API promises: no fault between us and the product makes that of it. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/** What an answer says; undefined where it broke off. @throws MalformedAnswer */
export async function readAnswer<S extends z.ZodType>(answer: Response, schema: S): Promise<z.output<S> | undefined> {
  const text = await answer.text().catch(() => undefined);
  return text === undefined ? undefined : parseWhole(text, schema);
}

/** @throws MalformedAnswer */
export function parseWhole<S extends z.ZodType>(text: string, schema: S): z.output<S> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new MalformedAnswer(`an answer that is none: ${text.slice(0, 500)}`, { cause });
  }
}
