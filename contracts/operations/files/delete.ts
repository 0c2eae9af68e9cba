import type { Operation } from '../operation.ts';

export const deleteFile = {
  method: 'DELETE',
  path: '/v1/sessions/:session_id/files/*',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'files',
  summary: 'Delete a file',
  description: 'Deletes a file, a symbolic link or an empty directory.',
  headers: ['If-Match', 'If-None-Match', 'If-Unmodified-Since'],
  responses: { 204: { description: 'The file is deleted.' } },
  errors: ['file_not_found', 'file_conflict', 'precondition_failed'],
  sample: '-X DELETE $STEPPE_URL/v1/sessions/$SESSION/files/data/sales.csv',
} as const satisfies Operation;
