import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { sessionIdSchema, type TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { SessionServices } from './session-services.ts';
import { isPurged } from './termination/cause.ts';

/**
 * The session of the tenant, from a strongly consistent read.
 * @throws AppError `session_not_found`. The message is the same for an id that never existed, was
 * purged, belongs to another tenant, or is not a valid session id.
 */
export async function findSession(
  { store, clock }: Pick<SessionServices, 'store' | 'clock'>,
  tenantId: TenantId,
  id: string,
): Promise<SessionRecord> {
  const sessionId = sessionIdSchema.safeParse(id);
  const record = sessionId.success ? await store.get(sessionId.data, { consistent: true }) : null;
  if (record && record.tenant_id === tenantId && !isPurged(record, clock.now())) return record;
  throw new AppError('session_not_found', errorMessages.session_not_found());
}
