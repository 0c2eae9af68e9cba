import { fileListQuerySchema } from '@steppe/contracts/file';
import { directory, file } from '../examples.ts';
import type { Call, CallResponse, ResponseContent } from './call.ts';

const entry = (description: string): CallResponse => ({
  description,
  headers: ['ETag'],
  content: {
    'application/json': { content: { json: 'FileEntry' }, examples: { file: { value: file } } },
  },
});

/** The media type follows from the file's name. */
const bytes: ResponseContent = {
  '*/*': { content: { bytes: true }, examples: { csv: { value: 'day,sales\n2026-11-23,41\n' } } },
};

const ofFile = ['ETag', 'Last-Modified', 'Accept-Ranges', 'Cache-Control'] as const;

export const fileCalls = {
  list_files: {
    summary: 'List files',
    description: 'A directory of the workspace, or the whole tree below it.',
    query: fileListQuerySchema,
    responses: {
      200: {
        description: 'A page of entries.',
        content: {
          'application/json': {
            content: { json: 'FileList' },
            examples: { page: { value: { entries: [directory, file], next_cursor: null } } },
          },
        },
      },
    },
    errors: ['file_not_found', 'file_conflict'],
    sample: '"$STEPPE_URL/v1/sessions/$SESSION/files?recursive=true"',
  },
  put_file: {
    summary: 'Write a file',
    description:
      'Streamed, and whole or not at all: a broken upload leaves what was there. Directories are made on the way; without a body the file is empty.',
    headers: ['ifMatch', 'ifNoneMatch', 'ifUnmodifiedSince'],
    body: {
      content: { bytes: true },
      required: false,
      examples: { csv: { value: 'day,sales\n2026-11-23,41\n' } },
    },
    responses: { 200: entry('It replaced a file.'), 201: entry('It is new.') },
    errors: [
      'file_conflict',
      'precondition_failed',
      'payload_too_large',
      'unsupported_media_type',
      'no_space',
    ],
    sample: '-T sales.csv $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
  },
  get_file: {
    summary: 'Read a file',
    description: 'Streamed, whole or a range of it. Its `Content-Type` goes by its name.',
    headers: ['range', 'ifRange', 'ifMatch', 'ifNoneMatch', 'ifModifiedSince', 'ifUnmodifiedSince'],
    responses: {
      200: { description: 'The file.', headers: ofFile, content: bytes },
      206: {
        description: 'The range that was requested.',
        headers: [...ofFile, 'Content-Range'],
        content: bytes,
      },
      304: {
        description: 'The reader has it already, as its conditions say.',
        headers: ['ETag', 'Last-Modified', 'Cache-Control'],
      },
    },
    errors: ['file_not_found', 'file_conflict', 'precondition_failed', 'range_not_satisfiable'],
    sample: '-o sales.csv $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
  },
  head_file: {
    summary: 'Get a file’s size and ETag',
    description: 'The headers of GET, without the bytes.',
    headers: ['ifMatch', 'ifNoneMatch', 'ifModifiedSince', 'ifUnmodifiedSince'],
    responses: {
      200: { description: 'Its size is the `Content-Length`.', headers: ofFile },
      304: {
        description: 'The reader has it already, as its conditions say.',
        headers: ['ETag', 'Last-Modified', 'Cache-Control'],
      },
    },
    errors: ['file_not_found', 'file_conflict', 'precondition_failed'],
    sample: '-I $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
  },
  delete_file: {
    summary: 'Delete a file',
    description: 'Or a symbolic link, or an empty directory.',
    headers: ['ifMatch', 'ifNoneMatch', 'ifUnmodifiedSince'],
    responses: { 204: { description: 'It is gone.' } },
    errors: ['file_not_found', 'file_conflict', 'precondition_failed'],
    sample: '-X DELETE $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
  },
} satisfies Record<string, Call>;
