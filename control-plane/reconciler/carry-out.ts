import { type EndCause, isOver } from '../sessions/end-cause.ts';
import { recordEnd } from '../sessions/record-end.ts';
import type { SessionServices } from '../sessions/session-services.ts';
import type { Act, Rules } from './acts.ts';
import type { MissingInstances } from './missing-instances.ts';

export type ActServices = Pick<SessionServices, 'store' | 'provisioner' | 'metrics' | 'now'> & {
  rules: Rules;
  missing: MissingInstances;
};
type ActOf<Kind extends Act['kind']> = Extract<Act, { kind: Kind }>;

/** `moot`: somebody else did it, or wrote the row meanwhile. `deferred`: a later pass may know more. */
export type Outcome = 'done' | 'moot' | 'deferred';

/** What a live set can hold: a session that lives is counted even where the quota has become smaller than its tenant's sessions. */
const largestLiveSet = 5_000;

/** Does one act, decided on a strongly consistent read. Idempotent. @throws what the store or the provisioner throws. */
export async function carryOut(services: ActServices, act: Act): Promise<Outcome> {
  const { provisioner, store } = services;
  switch (act.kind) {
    case 'end_row':
      return endRow(services, act);
    case 'end_instance':
      await provisioner.end(act.instanceId);
      return 'done';
    case 'retire_instance':
      // A claim that comes first keeps it: its session runs on what the instance was made of.
      return (await provisioner.retire(act.instanceId)) ? 'done' : 'moot';
    case 'uncount':
      await store.removeLive(act.tenantId, act.sessionId);
      return 'done';
    case 'count':
      return count(services, act);
    case 'index_row':
      // Every write of a row puts it into the index.
      return (await store.update(act.row, act.row.version)).outcome === 'updated' ? 'done' : 'moot';
  }
}

async function endRow(services: ActServices, act: ActOf<'end_row'>): Promise<Outcome> {
  const { store, metrics, now } = services;
  const { sessionId, row } = act;
  const cause = await causeOf(services, act);
  if (cause === null) return 'deferred';
  return (await recordEnd({ store, metrics, now, sessionId, version: row.version, cause })) ? 'done' : 'moot';
}

/** Null while whoever saw the instance's end may still be about to say what it was. */
async function causeOf(services: ActServices, { because, row }: ActOf<'end_row'>): Promise<EndCause | null> {
  const { provisioner, rules, missing, now } = services;
  const end = row.instance_id ? await provisioner.endOf(row.instance_id) : null;
  if (end) return { reason: end.reason, ...(end.detail && { detail: end.detail }) };
  if (because === 'never_ready') return { reason: 'provisioning_timeout', detail: `not ready within ${rules.provisioningMs} ms` };
  if (because === 'expired') return { reason: 'expired' };
  if (row.instance_id && missing.missedForMs(row.instance_id, now()) < rules.graceMs) return null;
  if (Date.parse(row.expires_at) <= now()) return { reason: 'expired' };
  return { reason: 'crashed', detail: 'its instance is gone, and nothing is known of how it ended' };
}

async function count({ store }: ActServices, { sessionId, tenantId }: ActOf<'count'>): Promise<Outcome> {
  const wasIn = (await store.listLive(tenantId)).includes(sessionId);
  // Also where it was in: the index may lack a set that an older version wrote last, and has it from now on.
  const added = await store.addLive(tenantId, sessionId, largestLiveSet);
  // Where it ended between the look and the count, its end took nothing out.
  const row = await store.get(sessionId, { consistent: true });
  if (row !== null && !isOver(row)) return added === 'added' && !wasIn ? 'done' : 'moot';
  await store.removeLive(tenantId, sessionId);
  return 'moot';
}
