import { sessionRecordSchema } from '@steppe/contracts/session-record';
import * as z from 'zod';

const [provisioning, ready] = sessionRecordSchema.options;
const shared = {
  session_id: true,
  tenant_id: true,
  version: true,
  state: true,
  created_at: true,
  expires_at: true,
  instance_id: true,
} as const;

/**
 * The attributes of a row in the index `live`: enough to see whether something is wrong with it.
 */
export const liveEntrySchema = z.discriminatedUnion('state', [
  provisioning.pick(shared).strip(),
  ready.pick({ ...shared, ready_at: true }).strip(),
]);
export type LiveEntry = z.infer<typeof liveEntrySchema>;
