import { fileListQuerySchema, fileListSchema } from '../../file.ts';
import type { Operation } from '../operation.ts';
import { file } from './examples.ts';

const directory = { ...file, name: 'data', path: 'data', type: 'directory', size_bytes: 4096 };

export const listFiles = {
  method: 'GET',
  path: '/v1/sessions/:session_id/files',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'files',
  summary: 'List files',
  description: 'Lists a directory of the workspace, or the whole tree below it.',
  query: fileListQuerySchema,
  responses: {
    200: {
      description: 'A page of entries.',
      content: {
        'application/json': {
          json: fileListSchema,
          examples: { page: { value: { entries: [directory, file], next_cursor: null } } },
        },
      },
    },
  },
  errors: ['file_not_found', 'file_conflict'],
  sample: '"$STEPPE_URL/v1/sessions/$SESSION/files?recursive=true"',
} as const satisfies Operation;
