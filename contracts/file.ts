import { z } from 'zod';
import { cursorSchema, queryInteger, timeSchema } from './fields.ts';

export const fileEntrySchema = z.strictObject({
  name: z.string(),
  /** Relative to the workspace, with `/` between segments. */
  path: z.string(),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size_bytes: z.number().int().min(0),
  modified_at: timeSchema,
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

export const fileListQuerySchema = z.strictObject({
  path: z.string().max(4096).default(''),
  recursive: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
  limit: queryInteger(1, 10_000).default(1_000),
  cursor: cursorSchema.optional(),
});

export const fileListSchema = z.strictObject({ entries: z.array(fileEntrySchema), next_cursor: z.string().nullable() });
