import type { Operation } from '../operation.ts';
import { csv, fileHeaders, notModified } from './examples.ts';

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
