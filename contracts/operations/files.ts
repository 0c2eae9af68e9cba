import type * as z from 'zod';
import {
  fileDeleteQuerySchema,
  fileEntrySchema,
  fileListQuerySchema,
  fileListSchema,
} from '../file.ts';
import type { Operation, OperationResponse } from './operation.ts';

type FileEntry = z.input<typeof fileEntrySchema>;

const file: FileEntry = {
  name: 'sales.csv',
  path: 'data/sales.csv',
  type: 'file',
  size_bytes: 120,
  modified_at: '2026-11-23T09:00:04.120Z',
  mode: '0644',
};

/** The content of a file; its media type follows from the file’s name. */
const csv = {
  bytes: true,
  examples: { csv: { value: 'day,sales\n2026-11-23,41\n' } },
} as const;

const fileHeaders = ['ETag', 'Last-Modified', 'Accept-Ranges', 'Cache-Control'] as const;

const notModified: OperationResponse = {
  description:
    'The file is not modified: the conditions of the request say that the reader has it.',
  headers: ['ETag', 'Last-Modified', 'Cache-Control'],
};

const directory: FileEntry = {
  ...file,
  name: 'data',
  path: 'data',
  type: 'directory',
  size_bytes: 4096,
  mode: '0755',
};
const link: FileEntry = {
  ...file,
  name: 'latest',
  path: 'latest',
  type: 'symlink',
  size_bytes: 14,
  mode: '0777',
  target: 'data/sales.csv',
};

/** A response whose body describes one entry. */
const entryResponse = (description: string): OperationResponse => ({
  description,
  headers: ['ETag'],
  content: {
    'application/json': {
      json: fileEntrySchema,
      examples: { file: { value: file }, directory: { value: directory } },
    },
  },
});

export const listFiles = {
  method: 'GET',
  path: '/v1/sessions/:session_id/files',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'files',
  summary: 'List files',
  description:
    'Lists a directory of the workspace, or the tree below it to a depth, with permissions and the targets of links.',
  query: fileListQuerySchema,
  responses: {
    200: {
      description: 'A page of entries.',
      content: {
        'application/json': {
          json: fileListSchema,
          examples: { page: { value: { entries: [directory, file, link], next_cursor: null } } },
        },
      },
    },
  },
  errors: ['file_not_found', 'file_conflict'],
  sample: '"$STEPPE_URL/v1/sessions/$SESSION/files?recursive=true"',
} as const satisfies Operation;

export const putFile = {
  method: 'PUT',
  path: '/v1/sessions/:session_id/files/*',
  mayEndInSlash: true,
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'files',
  summary: 'Write a file',
  description:
    'Streams a file into the workspace. The write is atomic: an upload that breaks changes nothing. Missing directories are created; without a body the file is empty. A path that ends in `/` makes an empty directory instead, or leaves the one that is there; such a request has no body, and its response no `ETag`.',
  headers: ['If-Match', 'If-None-Match', 'If-Unmodified-Since'],
  body: { required: false, content: csv },
  responses: {
    200: entryResponse('A file was replaced, or the directory was there.'),
    201: entryResponse('The file or directory is new.'),
  },
  errors: [
    'file_conflict',
    'precondition_failed',
    'payload_too_large',
    'unsupported_media_type',
    'no_space',
  ],
  sample: '-T sales.csv $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
} as const satisfies Operation;

export const getFile = {
  method: 'GET',
  path: '/v1/sessions/:session_id/files/*',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'files',
  summary: 'Read a file',
  description: 'Streams a file, or a range of it. Its `Content-Type` follows from its name.',
  headers: [
    'Range',
    'If-Range',
    'If-Match',
    'If-None-Match',
    'If-Modified-Since',
    'If-Unmodified-Since',
  ],
  responses: {
    200: { description: 'The file.', headers: fileHeaders, content: { '*/*': csv } },
    206: {
      description: 'The range that was requested.',
      headers: [...fileHeaders, 'Content-Range'],
      content: { '*/*': csv },
    },
    304: notModified,
  },
  errors: ['file_not_found', 'file_conflict', 'precondition_failed', 'range_not_satisfiable'],
  sample: '-o sales.csv $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
} as const satisfies Operation;

export const headFile = {
  method: 'HEAD',
  path: '/v1/sessions/:session_id/files/*',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'files',
  summary: 'Get a file’s size and ETag',
  description: 'Returns the headers of GET, without the bytes.',
  headers: ['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since'],
  responses: {
    200: { description: '`Content-Length` is the size of the file.', headers: fileHeaders },
    304: notModified,
  },
  errors: ['file_not_found', 'file_conflict', 'precondition_failed'],
  sample: '-I $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
} as const satisfies Operation;

export const deleteFile = {
  method: 'DELETE',
  path: '/v1/sessions/:session_id/files/*',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'files',
  summary: 'Delete a file',
  description:
    'Deletes a file, a symbolic link or an empty directory; with `recursive=true`, a directory with all that is in it.',
  query: fileDeleteQuerySchema,
  headers: ['If-Match', 'If-None-Match', 'If-Unmodified-Since'],
  responses: { 204: { description: 'The file or directory is deleted.' } },
  errors: ['file_not_found', 'file_conflict', 'precondition_failed'],
  sample: '-X DELETE $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
} as const satisfies Operation;
