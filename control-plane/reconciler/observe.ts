import type { InstanceId, SessionId, TenantId } from '@steppe/contracts/ids';
import type { SessionStoreCorruptError } from '@steppe/session-store/errors';
import type { LiveEntry } from '@steppe/session-store/live-entry';
import type { SessionSweeper } from '@steppe/session-store/ports';
import type { ListedInstance, SessionProvisioner } from '../provisioner/session-provisioner.ts';
import { inParts } from './in-parts.ts';
import type { SessionView } from './plan-session-actions.ts';

/**
 * A session as one sweep saw it. The row is null if the session is terminal or
 * the index does not show the row yet.
 */
export interface SweptSession extends SessionView {
  row: LiveEntry | null;
}

export interface Observation {
  sessions: SweptSession[];
  /** The instances that belong to no session. */
  pooled: ListedInstance[];
  corrupt: SessionStoreCorruptError[];
}

interface Sources {
  store: SessionSweeper;
  provisioner: Pick<SessionProvisioner, 'list'>;
}

/**
 * Reads both lists, the table first: if a row of the first list names an instance that is missing
 * from the second, the instance no longer exists.
 * @throws what the store or the provisioner throws, so that no action is based on half a list.
 */
export async function observe(
  { store, provisioner }: Sources,
  signal: AbortSignal,
): Promise<Observation> {
  const rows = new Map<SessionId, LiveEntry>();
  const reservedBy = new Map<SessionId, TenantId[]>();
  const corrupt: SessionStoreCorruptError[] = [];
  for await (const item of store.sweep({ signal })) {
    if (item.kind === 'corrupt') corrupt.push(item.error);
    if (item.kind === 'session') rows.set(item.entry.session_id, item.entry);
    if (item.kind === 'live_set')
      for (const id of item.sessionIds) pushTo(reservedBy, id, item.tenantId);
  }
  signal.throwIfAborted();
  const instances = await provisioner.list({ consistent: true });
  const joined = await join({ rows, reservedBy, instances }, signal);
  return { ...joined, corrupt };
}

interface Lists {
  rows: ReadonlyMap<SessionId, LiveEntry>;
  reservedBy: ReadonlyMap<SessionId, TenantId[]>;
  instances: readonly ListedInstance[];
}

async function join(
  { rows, reservedBy, instances }: Lists,
  signal: AbortSignal,
): Promise<Omit<Observation, 'corrupt'>> {
  const named = new Map<InstanceId, SessionId>();
  await inParts(rows.values(), signal, (row) => {
    if (row.instance_id) named.set(row.instance_id, row.session_id);
  });
  const bySession = new Map<SessionId, ListedInstance[]>();
  const pooled: ListedInstance[] = [];
  await inParts(instances, signal, (instance) => {
    const owners = new Set(
      [ownerOf(instance), named.get(instance.instanceId)].filter((id) => id !== undefined),
    );
    for (const id of owners) pushTo(bySession, id, instance);
    if (owners.size === 0) pooled.push(instance);
  });
  const sessions: SweptSession[] = [];
  await inParts(
    new Set([...rows.keys(), ...reservedBy.keys(), ...bySession.keys()]),
    signal,
    (id) =>
      sessions.push({
        sessionId: id,
        row: rows.get(id) ?? null,
        instances: bySession.get(id) ?? [],
        reservedBy: reservedBy.get(id) ?? [],
      }),
  );
  return { sessions, pooled };
}

const ownerOf = (instance: ListedInstance): SessionId | undefined =>
  instance.state === 'warm' ? undefined : instance.sessionId;

function pushTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
