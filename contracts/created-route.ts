import type * as z from 'zod';
import { type ReadyRecord, sessionRecordSchema } from './session-record.ts';

/**
 * Header of the response to a create, from the control-plane to the data-plane, which removes it:
 * the first step of the session then needs no read of the table.
 */
export const createdRouteHeader = 'steppe-created-route';

const [, ready] = sessionRecordSchema.options;
const createdRouteSchema = ready
  .pick({
    session_id: true,
    tenant_id: true,
    version: true,
    state: true,
    expires_at: true,
    instance_id: true,
    address: true,
  })
  .strip();

/** What routing needs of the row of a session that is ready. */
export type CreatedRoute = z.infer<typeof createdRouteSchema>;

export const encodeCreatedRoute = (record: ReadyRecord): string =>
  // The name of a tenant may have characters that a header may not.
  Buffer.from(JSON.stringify(createdRouteSchema.parse(record))).toString('base64url');

/** @returns undefined for what another version of the control-plane may write. */
export function decodeCreatedRoute(text: string): CreatedRoute | undefined {
  try {
    return createdRouteSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    return undefined;
  }
}
