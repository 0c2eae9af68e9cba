import type { Operation } from '../operation.ts';
import { csv, entryResponse } from './examples.ts';

export const putFile = {
  method: 'PUT',
  path: '/v1/sessions/:session_id/files/*',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'files',
  summary: 'Write a file',
  description:
    'Streams a file into the workspace. The write is atomic: an upload that breaks changes nothing. Missing directories are created; without a body the file is empty.',
  headers: ['If-Match', 'If-None-Match', 'If-Unmodified-Since'],
  body: { required: false, content: csv },
  responses: { 200: entryResponse('A file was replaced.'), 201: entryResponse('The file is new.') },
  errors: [
    'file_conflict',
    'precondition_failed',
    'payload_too_large',
    'unsupported_media_type',
    'no_space',
  ],
  sample: '-T sales.csv $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
} as const satisfies Operation;
