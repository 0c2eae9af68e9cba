import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { metadataSchema } from '@steppe/contracts/fields';
import type { TenantId } from '@steppe/contracts/ids';
import { type PatchSession, patchSessionSchema, type Session } from '@steppe/contracts/session';
import type { ReadyRecord, SessionRecord } from '@steppe/contracts/session-record';
import { AppError, sessionEnded } from '@steppe/service-kit/http/app-error';
import { respondJson } from '@steppe/service-kit/http/call';
import { parseInput, refuseQuery } from '@steppe/service-kit/http/parse-input';
import * as z from 'zod';
import { authorised, readSessionId } from '../authorised.ts';
import { expiresAt } from './create/plan-session.ts';
import { describeSession } from './describe-session.ts';
import { findSession } from './find-session.ts';
import type { SessionServices } from './session-services.ts';

type PatchServices = Pick<SessionServices, 'store' | 'agents' | 'limits' | 'clock'>;

export const patchSessionOperation = (services: PatchServices) =>
  authorised('patch_session', async ({ call, principal, readBody }) => {
    refuseQuery(call.search);
    const readPatch = () => readBody(patchSessionSchema);
    return respondJson(
      call,
      await patchSession(services, principal.tenantId, readSessionId(call), readPatch),
    );
  });

/** How long an agent may take to accept a new lifetime. */
export const agentUpdateTimeoutMs = 5_000;
const mergedSchema = z.object({ metadata: metadataSchema });

/**
 * Changes the lifetime and the metadata of a session. The row is written before the agent is
 * informed: if only the agent fails, the same call repairs it. The body is read only after the
 * session is known to exist.
 * @throws AppError `session_not_found`, `session_ended`, `session_not_ready`, `invalid_request`,
 * `payload_too_large`, `runtime_unreachable`.
 */
export async function patchSession(
  services: PatchServices,
  tenantId: TenantId,
  id: string,
  readPatch: () => Promise<PatchSession>,
): Promise<Session> {
  const found = requireReady(services, id, await findSession(services, tenantId, id));
  const patch = await readPatch();
  const patched = await updateRow(services, found, patch);
  if (patch.ttl_seconds === undefined && patch.idle_timeout_seconds === undefined)
    return describeSession(services, patched);
  return describeSession(services, await updateAgent(services, patched));
}

async function updateRow(
  services: PatchServices,
  found: ReadyRecord,
  patch: PatchSession,
): Promise<ReadyRecord> {
  const { store, limits, clock } = services;
  let current = found;
  for (;;) {
    const next: ReadyRecord = {
      ...current,
      ...(patch.ttl_seconds !== undefined && {
        expires_at: extendedTo(current, clock.now(), patch.ttl_seconds, limits.ttlSeconds),
      }),
      ...(patch.idle_timeout_seconds !== undefined && {
        idle_timeout_seconds: patch.idle_timeout_seconds,
      }),
      ...(patch.metadata && { metadata: mergeMetadata(current.metadata, patch.metadata) }),
    };
    if (Object.keys(patch).length === 0) return current;
    const update = await store.update(next, current.version);
    if (update.outcome === 'updated') return { ...next, version: update.record.version };
    current = requireReady(
      services,
      found.session_id,
      update.outcome === 'lost' ? update.current : null,
    );
  }
}

/**
 * The requested expiry, but at most the maximum after the session became ready, however often it is
 * extended, because the deadline of its instance cannot be moved. If the operator lowers the
 * maximum, a session keeps the expiry that it has.
 */
function extendedTo(
  { ready_at, expires_at }: ReadyRecord,
  nowMs: number,
  ttlSeconds: number,
  maxSeconds: number,
): string {
  const requested = expiresAt(nowMs, ttlSeconds, maxSeconds);
  const latestMs = Math.max(Date.parse(ready_at) + maxSeconds * 1000, Date.parse(expires_at));
  return new Date(Math.min(Date.parse(requested), latestMs)).toISOString();
}

function mergeMetadata(
  metadata: Record<string, string>,
  patch: Record<string, string | null>,
): Record<string, string> {
  const kept = Object.entries({ ...metadata, ...patch }).filter(
    (pair): pair is [string, string] => pair[1] !== null,
  );
  return parseInput(mergedSchema, { metadata: Object.fromEntries(kept) }, 'body').metadata;
}

/**
 * Of two concurrent patches, the older one may reach the agent last. The lifetime is therefore sent
 * again until the row matches what was sent.
 */
async function updateAgent(services: PatchServices, patched: ReadyRecord): Promise<ReadyRecord> {
  const { agents, store, clock } = services;
  let sent = patched;
  for (;;) {
    const { expires_at, idle_timeout_seconds } = sent;
    const agent = { instanceId: sent.instance_id, address: sent.address };
    const lifetime = { expires_at, idle_timeout_seconds };
    const failure = await agents
      .updateLifetime(agent, lifetime, clock.limit(agentUpdateTimeoutMs))
      .catch((error: unknown) => ({ error }));
    const row = await store.get(sent.session_id, { consistent: true });
    const current = requireReady(services, sent.session_id, row);
    if (failure) {
      const message = 'the session’s agent did not accept the change; send it again';
      throw new AppError('runtime_unreachable', message, {
        cause: failure.error,
        retryable: true,
      });
    }
    if (current.expires_at === expires_at && current.idle_timeout_seconds === idle_timeout_seconds)
      return current;
    sent = current;
  }
}

/**
 * @throws AppError `session_not_ready` or `session_ended`, and `session_not_found` if the row
 * disappeared in the meantime.
 */
function requireReady(
  { clock }: Pick<PatchServices, 'clock'>,
  id: string,
  record: SessionRecord | null,
): ReadyRecord {
  if (record === null) throw new AppError('session_not_found', errorMessages.session_not_found());
  if (record.state === 'provisioning') {
    throw new AppError('session_not_ready', errorMessages.session_not_ready(id), {
      headers: { 'Retry-After': '1' },
    });
  }
  // The agent is about to end it and would not receive a later expiry in time.
  const expired = Date.parse(record.expires_at) <= clock.now();
  if (record.state === 'ready' && !expired) return record;
  if (record.state === 'ready') throw sessionEnded(id, 'expired');
  throw sessionEnded(id, record.end_reason, record.end_detail);
}
