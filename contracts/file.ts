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
  mode: z
    .string()
    .regex(/^[0-7]{4}$/)
    .describe(
      'permissions in octal, with set-user-ID, set-group-ID and sticky bit: `0644`, `1777`',
    ),
  target: z
    .string()
    .optional()
    .describe('of a symbolic link: where it leads, as it was written; it may not exist'),
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

/** A parameter that is `true` or `false`. */
const queryFlag = z
  .preprocess((text) => (text === 'true' ? true : text === 'false' ? false : text), z.boolean())
  .default(false);

/** The most levels of directories that a listing has: each stays open while it is read. */
export const deepestListing = 100;

export const fileListQuerySchema = z.strictObject({
  path: z
    .string()
    .max(4095)
    .meta({ pattern: `^(${filePathPattern})?$` })
    .default('')
    .describe('a directory of the workspace; empty for the workspace itself'),
  recursive: queryFlag.describe(
    'the whole tree below it, as `depth=100`; symbolic links are not followed',
  ),
  depth: queryInteger(1, deepestListing)
    .optional()
    .describe('so many levels of the tree: 1 is the directory’s own entries; precedes `recursive`'),
  limit: queryInteger(1, 10_000)
    .default(1_000)
    .describe('entries a page; one that takes long to find may have fewer'),
  cursor: z.string().min(1).max(4096).optional().describe('`next_cursor` of the page before'),
});

export const fileListSchema = z.strictObject({
  entries: z.array(fileEntrySchema),
  next_cursor: nextCursorSchema,
});

export const fileDeleteQuerySchema = z.strictObject({
  recursive: queryFlag.describe('a directory with all that is in it; links are not followed'),
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
