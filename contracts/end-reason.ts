import * as z from 'zod';

export const failedReasonSchema = z.enum([
  'provisioning_timeout',
  'start_failed',
  'unschedulable',
  'image_unavailable',
  'crashed',
  'quota',
]);
export const endedReasonSchema = z.enum([
  'deleted',
  'expired',
  'idle',
  'oom_killed',
  'evicted',
  'node_lost',
  'crashed',
]);
export type EndedReason = z.infer<typeof endedReasonSchema>;
