import type * as z from 'zod';
import { fileEntrySchema } from '../../file.ts';
import type { OperationResponse } from '../operation.ts';

type FileEntry = z.input<typeof fileEntrySchema>;

export const file: FileEntry = {
  name: 'sales.csv',
  path: 'data/sales.csv',
  type: 'file',
  size_bytes: 120,
  modified_at: '2026-11-23T09:00:04.120Z',
};

/** The content of a file; its media type follows from the file’s name. */
export const csv = {
  bytes: true,
  examples: { csv: { value: 'day,sales\n2026-11-23,41\n' } },
} as const;

export const fileHeaders = ['ETag', 'Last-Modified', 'Accept-Ranges', 'Cache-Control'] as const;

export const notModified: OperationResponse = {
  description:
    'The file is not modified: the conditions of the request say that the reader has it.',
  headers: ['ETag', 'Last-Modified', 'Cache-Control'],
};

/** A response whose body describes one file. */
export const entryResponse = (description: string): OperationResponse => ({
  description,
  headers: ['ETag'],
  content: { 'application/json': { json: fileEntrySchema, examples: { file: { value: file } } } },
});
