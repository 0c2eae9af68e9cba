import { metadataFilterSchema } from '@steppe/contracts/fields';
import type { TenantId } from '@steppe/contracts/ids';
import { listSessionsQuerySchema, type sessionListSchema } from '@steppe/contracts/session';
import { AppError } from '@steppe/service-kit/http/app-error';
import { respondJson } from '@steppe/service-kit/http/call';
import { parseInput, readQuery } from '@steppe/service-kit/http/parse-input';
import { CursorRejectedError } from '@steppe/session-store/errors';
import type { ListQuery, SessionPage } from '@steppe/session-store/ports';
import * as z from 'zod';
import { authorised } from '../authorised.ts';
import { toSession } from './describe-session.ts';
import type { SessionServices } from './session-services.ts';
import { isPurged } from './termination/cause.ts';

type ListServices = Pick<SessionServices, 'store' | 'clock' | 'logger'>;

export const listSessionsOperation = (services: ListServices) =>
  authorised('list_sessions', async ({ call, principal }) =>
    respondJson(
      call,
      await listSessions(services, principal.tenantId, parseListQuery(call.search)),
    ),
  );

const metadataPrefix = 'metadata.';
const filterSchema = z.object({ metadata: metadataFilterSchema });

/** @throws AppError `invalid_request` */
function parseListQuery(url: string): ListQuery {
  const pairs = Object.entries(readQuery(url));
  const filters = pairs
    .filter(([name]) => name.startsWith(metadataPrefix))
    .map(([name, value]) => [name.slice(metadataPrefix.length), value]);
  const others = pairs.filter(([name]) => !name.startsWith(metadataPrefix));
  const { metadata } = parseInput(filterSchema, { metadata: Object.fromEntries(filters) }, 'query');
  const { limit, cursor, state } = parseInput(
    listSessionsQuerySchema,
    Object.fromEntries(others),
    'query',
  );
  return { limit, cursor, state, metadata };
}

/**
 * A page of the tenant's sessions, newest first.
 * @throws AppError `invalid_request` if the cursor does not belong to this list.
 */
async function listSessions(
  { store, clock, logger }: ListServices,
  tenantId: TenantId,
  query: ListQuery,
): Promise<z.infer<typeof sessionListSchema>> {
  const { sessions, corrupt, nextCursor } = await readPage(store, tenantId, query);
  for (const err of corrupt) logger.error({ err, item: err.itemKey }, 'unreadable item not listed');
  const nowMs = clock.now();
  return {
    sessions: sessions
      .filter((record) => !isPurged(record, nowMs))
      .map((record) => toSession(record)),
    next_cursor: nextCursor,
  };
}

async function readPage(
  store: SessionServices['store'],
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
