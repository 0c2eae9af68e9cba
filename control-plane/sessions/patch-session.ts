import { metadataSchema } from '@steppe/contracts/fields';
import type { TenantId } from '@steppe/contracts/ids';
import type { PatchSession, Session } from '@steppe/contracts/session';
import type { ReadyRecord, SessionRecord } from '@steppe/contracts/session-record';
import { AppError } from '@steppe/service-kit/http/app-error';
import { parseInput } from '@steppe/service-kit/http/parse-input';
import { sessionEnded } from '@steppe/service-kit/http/session-ended';
import * as z from 'zod';
import { expiresAt } from './create/plan-session.ts';
import { describeSession } from './describe-session.ts';
import { findSession } from './find-session.ts';
import type { SessionServices } from './session-services.ts';

const agentLimitMs = 5_000;
const mergedSchema = z.object({ metadata: metadataSchema });

/**
 * Changes how long a session lives, and its metadata. The row comes first and then its agent; where
 * only that fails, the same call again repairs it. The patch is read once it is known that there is
 * a session to change.
 * @throws AppError `session_not_found`, `session_ended`, `session_not_ready`, `invalid_request`,
 * `payload_too_large`, `runtime_unreachable`.
 */
export async function patchSession(
  services: SessionServices,
  tenantId: TenantId,
  id: string,
  readPatch: () => Promise<PatchSession>,
): Promise<Session> {
  const found = requireReady(services, id, await findSession(services, tenantId, id));
  const patch = await readPatch();
  const patched = await updateRow(services, found, patch);
  if (patch.ttl_seconds === undefined && patch.idle_timeout_seconds === undefined)
    return describeSession(services, patched);
  return describeSession(services, await tellAgent(services, patched));
}

async function updateRow(
  services: SessionServices,
  found: ReadyRecord,
  patch: PatchSession,
): Promise<ReadyRecord> {
  const { store, limits, now } = services;
  let current = found;
  for (;;) {
    const next: ReadyRecord = {
      ...current,
      ...(patch.ttl_seconds !== undefined && {
        expires_at: extendedTo(current, now(), patch.ttl_seconds, limits.ttlSeconds),
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
 * No later than the maximum after the session became ready, however often it is requested: its
 * instance has a deadline that cannot be moved. A maximum that has become smaller takes away
 * nothing that the session has.
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
 * Of two patches at once the agent may receive the older one last: it is sent again until the row
 * matches what was sent.
 */
async function tellAgent(services: SessionServices, patched: ReadyRecord): Promise<ReadyRecord> {
  let told = patched;
  for (;;) {
    const { expires_at, idle_timeout_seconds } = told;
    const agent = { instanceId: told.instance_id, address: told.address };
    const failure = await services.agents
      .updateLifetime(
        agent,
        { expires_at, idle_timeout_seconds },
        AbortSignal.timeout(agentLimitMs),
      )
      .catch((error: unknown) => ({ error }));
    const current = requireReady(
      services,
      told.session_id,
      await services.store.get(told.session_id, { consistent: true }),
    );
    if (failure) {
      throw new AppError(
        'runtime_unreachable',
        'the session’s agent did not take the change; send it again',
        {
          cause: failure.error,
          retryable: true,
        },
      );
    }
    if (current.expires_at === expires_at && current.idle_timeout_seconds === idle_timeout_seconds)
      return current;
    told = current;
  }
}

/**
 * @throws AppError `session_not_ready` or `session_ended`, and `session_not_found` where the row
 * vanished meanwhile.
 */
function requireReady(
  { now }: SessionServices,
  id: string,
  record: SessionRecord | null,
): ReadyRecord {
  if (record === null) throw new AppError('session_not_found', `there is no session ${id}`);
  if (record.state === 'provisioning') {
    throw new AppError('session_not_ready', `the session ${id} is still being made`, {
      headers: { 'Retry-After': '1' },
    });
  }
  // Its agent ends it any moment now, and would not receive a later expiry in time.
  const expired = Date.parse(record.expires_at) <= now();
  if (record.state === 'ready' && !expired) return record;
  throw sessionEnded(id, record.state === 'ready' ? 'expired' : record.end_reason);
}
