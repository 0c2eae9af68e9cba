import type { TenantId } from '@steppe/contracts/ids';
import type { sessionListSchema } from '@steppe/contracts/session';
import { AppError } from '@steppe/service-kit/http/app-error';
import { CursorRejectedError } from '@steppe/session-store/errors';
import type { ListQuery, SessionPage } from '@steppe/session-store/ports';
import type * as z from 'zod';
import { toSession } from './describe-session.ts';
import type { SessionServices } from './session-services.ts';
import { isPurged } from './termination/cause.ts';

/**
 * A page of the tenant's sessions, newest first.
 * @throws AppError `invalid_request` for an invalid cursor of this list.
 */
export async function listSessions(
  services: Pick<SessionServices, 'store' | 'now' | 'logger'>,
  tenantId: TenantId,
  query: ListQuery,
): Promise<z.infer<typeof sessionListSchema>> {
  const { sessions, corrupt, nextCursor } = await readPage(services, tenantId, query);
  for (const err of corrupt)
    services.logger.error(
      { err, item: err.itemKey },
      'an item cannot be read; the list does without it',
    );
  const nowMs = services.now();
  return {
    sessions: sessions
      .filter((record) => !isPurged(record, nowMs))
      .map((record) => toSession(record)),
    next_cursor: nextCursor,
  };
}

async function readPage(
  { store }: Pick<SessionServices, 'store'>,
  tenantId: TenantId,
  query: ListQuery,
): Promise<SessionPage> {
  try {
    return await store.listByTenant(tenantId, query);
  } catch (cause) {
    if (!(cause instanceof CursorRejectedError)) throw cause;
    const { message } = cause;
    throw new AppError('invalid_request', message, {
      cause,
      details: { issues: [{ path: 'cursor', message }] },
    });
  }
}
