import type { TenantId } from '@steppe/contracts/ids';
import type { sessionListSchema } from '@steppe/contracts/session';
import { CursorRefused } from '@steppe/route-store/errors';
import type { ListQuery, SessionPage } from '@steppe/route-store/ports';
import { AppError } from '@steppe/service-kit/app-error';
import type * as z from 'zod';
import { toSession } from './describe-session.ts';
import { isPurged } from './end-cause.ts';
import type { SessionServices } from './session-services.ts';

/** A page of the tenant's sessions, newest first. @throws AppError `invalid_request` for a cursor that is none of this list. */
export async function listSessions(
  services: Pick<SessionServices, 'store' | 'now' | 'logger'>,
  tenantId: TenantId,
  query: ListQuery,
): Promise<z.infer<typeof sessionListSchema>> {
  const { sessions, corrupt, nextCursor } = await readPage(services, tenantId, query);
  for (const err of corrupt)
    services.logger.error({ err, item: err.itemKey }, 'an item cannot be read; the list does without it');
  const nowMs = services.now();
  return {
    sessions: sessions.filter((record) => !isPurged(record, nowMs)).map((record) => toSession(record)),
    next_cursor: nextCursor,
  };
}

async function readPage({ store }: Pick<SessionServices, 'store'>, tenantId: TenantId, query: ListQuery): Promise<SessionPage> {
  try {
    return await store.listByTenant(tenantId, query);
  } catch (cause) {
    if (!(cause instanceof CursorRefused)) throw cause;
    const { message } = cause;
    throw new AppError('invalid_request', message, { cause, details: { issues: [{ path: 'cursor', message }] } });
  }
}
