import type { Operation } from '../operation.ts';
import { fileHeaders, notModified } from './examples.ts';

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
