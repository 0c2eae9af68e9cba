import type * as z from 'zod';

/**
 * A complete response that violates the API. No fault between this test and the product explains
 * it.
 */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError';
}

/** The parsed body; undefined if the response broke off. @throws MalformedResponseError */
export async function readResponse<S extends z.ZodType>(
  response: { text(): Promise<string> },
  schema: S,
): Promise<z.output<S> | undefined> {
  const text = await response.text().catch(() => undefined);
  return text === undefined ? undefined : parseWhole(text, schema);
}

/** @throws MalformedResponseError */
export function parseWhole<S extends z.ZodType>(text: string, schema: S): z.output<S> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new MalformedResponseError(`an invalid response: ${text.slice(0, 500)}`, { cause });
  }
}
