import { sessionIdSchema, type TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { SessionServices } from './session-services.ts';
import { isPurged } from './termination/cause.ts';

/**
 * The tenant's session, read strongly consistent.
 * @throws AppError `session_not_found`, in the same words for one that never existed, was purged,
 * is another tenant's, or could be none.
 */
export async function findSession(
  { store, now }: Pick<SessionServices, 'store' | 'now'>,
  tenantId: TenantId,
  id: string,
): Promise<SessionRecord> {
  const sessionId = sessionIdSchema.safeParse(id);
  const record = sessionId.success ? await store.get(sessionId.data, { consistent: true }) : null;
  if (record && record.tenant_id === tenantId && !isPurged(record, now())) return record;
  throw new AppError('session_not_found', `there is no session ${id}`);
}
