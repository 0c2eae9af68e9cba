import { z } from 'zod';
import { cursorSchema, nextCursorSchema, queryInteger, timeSchema } from './fields.ts';

export const fileEntrySchema = z.strictObject({
  name: z.string(),
  path: z.string().describe('relative to the workspace, with `/` between segments'),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size_bytes: z.number().int().min(0),
  modified_at: timeSchema,
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

export const fileListQuerySchema = z.strictObject({
  path: z.string().max(4096).default('').describe('a directory of the workspace; empty for the workspace itself'),
  recursive: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .pipe(z.boolean())
    .describe('the whole tree below it, symbolic links not followed'),
  limit: queryInteger(1, 10_000).default(1_000).describe('entries a page'),
  cursor: cursorSchema.optional().describe('`next_cursor` of the page before'),
});

export const fileListSchema = z.strictObject({ entries: z.array(fileEntrySchema), next_cursor: nextCursorSchema });
