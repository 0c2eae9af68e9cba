import * as z from 'zod';
import { limits } from './limits.ts';

/** RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export const timeSchema = z.iso.datetime({ precision: 3 });

const utf8Bytes = (text: string): number => Buffer.byteLength(text, 'utf8');

/** A lone surrogate has no UTF-8 encoding, so it can be neither in a name nor in a value. */
export const wellFormed: [(text: string) => boolean, string] = [
  (text) => !/\p{Surrogate}/u.test(text),
  'a text may not contain half a surrogate pair',
];

/**
 * A text of at most `maxBytes` of UTF-8. An issue that carries `params.limit` becomes
 * `payload_too_large`, with the limit named, instead of `invalid_request`.
 */
export const boundedText = (name: string, maxBytes: number) =>
  z
    .string()
    .refine(...wellFormed)
    .refine((text) => utf8Bytes(text) <= maxBytes, {
      message: `${name} is larger than ${maxBytes} bytes`,
      params: { limit: name, max_bytes: maxBytes },
    });

const envName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'an environment name is [A-Za-z_][A-Za-z0-9_]*');
/** The JSON Schema equivalent of the refinement that refuses NUL. */
export const withoutNul = { pattern: '^[^\\u0000]*$' };

const envValue = z
  .string()
  .refine((value) => !value.includes('\0'), 'an environment value may not contain NUL')
  .refine(...wellFormed)
  .meta(withoutNul);

/** Why a record is refused as a whole. */
type Refusal = { message: string; params?: Record<string, unknown> };

/**
 * Refuses the one key that zod would drop silently (`__proto__`), so that no data is lost
 * unnoticed. Also refuses a record that is too large before zod validates each entry: an error for
 * each entry costs a hundred times as much as the entry itself.
 */
const record = <V extends z.ZodType>(
  name: z.ZodString,
  value: V,
  tooLarge: (given: object) => Refusal | undefined,
) =>
  z.preprocess(
    (given, ctx) => {
      if (typeof given !== 'object' || given === null) return given;
      if (Object.hasOwn(given, '__proto__')) {
        ctx.addIssue({ code: 'custom', path: ['__proto__'], message: 'no name may be __proto__' });
      }
      const refusal = tooLarge(given);
      if (refusal) ctx.addIssue({ code: 'custom', ...refusal });
      return given;
    },
    z.record(name, value),
  );

const atMostPairs = (most: number) => (pairs: object) =>
  Object.keys(pairs).length > most ? { message: `at most ${most} pairs` } : undefined;

const tooManyNames = atMostPairs(limits.envNames);
const bytesOf = (text: unknown): number => (typeof text === 'string' ? utf8Bytes(text) : 0);
const tooManyBytes =
  (name: string, maxBytes: number) =>
  (pairs: object): Refusal | undefined => {
    const bytes = Object.entries(pairs).reduce(
      (sum, [key, value]) => sum + bytesOf(key) + bytesOf(value),
      0,
    );
    if (bytes <= maxBytes) return undefined;
    return {
      message: `${name} is larger than ${maxBytes} bytes`,
      params: { limit: name, max_bytes: maxBytes },
    };
  };
export const envSchema = record(envName, envValue, (env) => {
  return tooManyBytes('env', limits.envBytes)(env) ?? tooManyNames(env);
}).meta({ maxProperties: limits.envNames });

const metadataText = z
  .string()
  .max(limits.metadataBytes)
  .refine(...wellFormed);
const tooManyPairs = atMostPairs(limits.metadataPairs);
const metadataPairs = { maxProperties: limits.metadataPairs };
/** Metadata that a client may store: at most `metadataTotalBytes` of names and values together. */
export const metadataSchema = record(metadataText.min(1), metadataText, (pairs) => {
  return tooManyPairs(pairs) ?? tooManyBytes('metadata', limits.metadataTotalBytes)(pairs);
}).meta(metadataPairs);

/**
 * The metadata that sessions are searched by. The request line bounds its size; a filter that is
 * too large matches nothing.
 */
export const metadataFilterSchema = record(metadataText.min(1), metadataText, tooManyPairs).meta(
  metadataPairs,
);

/**
 * The metadata of a stored row. An older version may have allowed more: lowering a limit must not
 * make a row unreadable.
 */
export const storedMetadataSchema = z.record(z.string(), z.string());

/** In a patch, `null` removes a key: a patch may name all existing keys and as many new ones. */
const patchedPairs = 2 * limits.metadataPairs;
export const metadataPatchSchema = record(
  metadataText.min(1),
  metadataText.nullable(),
  atMostPairs(patchedPairs),
).meta({
  maxProperties: patchedPairs,
});

/** Longer than any amount needs; bounded because the session's row stores it. */
const longestQuantity = 32;

/**
 * A number, then a suffix or an exponent: the whole grammar of `resource.Quantity` in
 * k8s.io/apimachinery, except for negative amounts. Its groups are the number, the suffix and the
 * exponent.
 */
export const quantityPattern =
  /^\+?(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]?|[KMGTPE]i)|[eE]([+-]?\d+))$/;

export const quantitySchema = z
  .string()
  .max(longestQuantity)
  .regex(quantityPattern, 'a Kubernetes quantity, such as 500m, 2, 512Mi');

export const resourcesSchema = z.strictObject({
  cpu: quantitySchema,
  memory: quantitySchema,
  ephemeral_storage: quantitySchema,
});
export type Resources = z.infer<typeof resourcesSchema>;

/** A whole number that arrives as the text of a query parameter. */
export const queryInteger = (min: number, max: number) => {
  const words =
    max === Number.MAX_SAFE_INTEGER
      ? `must be a whole number from ${min} on`
      : `must be a whole number from ${min} to ${max}`;
  return z.preprocess(
    (text) => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text),
    z.number(words).int(words).min(min, words).max(max, words),
  );
};

export const cursorSchema = z.string().min(1).max(1024);
export const nextCursorSchema = z
  .string()
  .nullable()
  .describe('for the next page; null on the last one');
