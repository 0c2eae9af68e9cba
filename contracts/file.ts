import * as z from 'zod';
import { nextCursorSchema, queryInteger, timeSchema } from './fields.ts';

const segment = String.raw`(?!\.{1,2}(/|$))[^/\u0000]{1,255}`;
/**
 * A path below the workspace, for readers of JSON Schema: the agent validates it, and limits each
 * segment to 255 bytes.
 */
export const filePathPattern = `${segment}(/${segment})*`;

export const fileEntrySchema = z.strictObject({
  name: z.string(),
  path: z.string().describe('relative to the workspace, with `/` between segments'),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size_bytes: z.number().int().min(0),
  modified_at: timeSchema,
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

export const fileListQuerySchema = z.strictObject({
  path: z
    .string()
    .max(4095)
    .meta({ pattern: `^(${filePathPattern})?$` })
    .default('')
    .describe('a directory of the workspace; empty for the workspace itself'),
  recursive: z
    .preprocess((text) => (text === 'true' ? true : text === 'false' ? false : text), z.boolean())
    .default(false)
    .describe('the whole tree below it; symbolic links are not followed'),
  limit: queryInteger(1, 10_000)
    .default(1_000)
    .describe('entries a page; one that takes long to find may have fewer'),
  cursor: z.string().min(1).max(4096).optional().describe('`next_cursor` of the page before'),
});

export const fileListSchema = z.strictObject({
  entries: z.array(fileEntrySchema),
  next_cursor: nextCursorSchema,
});

const entityTags = z
  .string()
  .regex(
    /^\s*(\*|(W[/])?"[^"]*"(\s*,\s*(W[/])?"[^"]*")*)\s*$/,
    'must be entity tags in quotes, a comma between them, or *',
  );

/**
 * Headers that make a call depend on the current file (RFC 9110, section 13); each file has a
 * strong `ETag`.
 */
export const fileConditionsSchema = z.object({
  'if-match': entityTags
    .optional()
    .describe('only if the file is one of these; `*` for any; else 412'),
  'if-none-match': entityTags
    .optional()
    .describe(
      'only if the file is none of these; `*`: only if there is none yet; else 412, and 304 for a reader',
    ),
  'if-modified-since': z
    .string()
    .optional()
    .describe('for a reader: 304 unless the file was changed since'),
  'if-unmodified-since': z
    .string()
    .optional()
    .describe('only if the file was not changed since; else 412'),
});
export type FileConditions = z.infer<typeof fileConditionsSchema>;
