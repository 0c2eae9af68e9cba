import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { LiveEntry } from '@steppe/session-store/live-entry';
import type { SessionSweeper } from '@steppe/session-store/ports';
import { readEntries } from '../../control-plane/provisioner/local-process/instances-directory.ts';
import { leakedDirectories } from '../support/processes/instance-leaks.ts';

/** What the table says of the present. */
interface Table {
  live: Map<SessionId, LiveEntry>;
  counted: number;
}

async function readTable(store: SessionSweeper): Promise<Table> {
  const table: Table = { live: new Map(), counted: 0 };
  for await (const item of store.sweep()) {
    if (item.kind === 'session') table.live.set(item.entry.session_id, item.entry);
    if (item.kind === 'live_set') table.counted += item.sessionIds.length;
    if (item.kind === 'corrupt') throw item.error;
  }
  return table;
}

/**
 * By how many sessions a tenant was above the quota: those that two reads show lived together
 * between them.
 */
export async function excessOver(store: SessionSweeper, quota: number): Promise<number> {
  const [before, after] = [await readTable(store), await readTable(store)];
  const together = new Map<TenantId, number>();
  for (const { session_id, tenant_id } of after.live.values()) {
    if (before.live.has(session_id)) together.set(tenant_id, (together.get(tenant_id) ?? 0) + 1);
  }
  return Math.max(0, ...[...together.values()].map((count) => count - quota));
}

/** What is left when nobody makes sessions any more, and the last have ended. */
export interface Remains {
  rowsWithoutInstance: number;
  /** Rows that are live, and whose instances are too. */
  rowsThatLive: number;
  /** Ids in the sets of live sessions. */
  counted: number;
  /** Instances of terminated sessions. */
  instancesWithoutRow: number;
  /**
   * Directories in which a control-plane was killed before it wrote what they are for: others
   * remove them after a minute.
   */
  unfinishedDirectories: number;
}

export async function findRemains(
  store: SessionSweeper,
  instancesDirectory: string,
): Promise<Remains> {
  const { live, counted } = await readTable(store);
  const entries = readEntries(instancesDirectory);
  const there = new Set(entries.map(({ instanceId }) => instanceId));
  const rows = [...live.values()];
  const served = rows.filter(({ instance_id }) => instance_id && there.has(instance_id)).length;
  const strays = entries.filter(({ owner }) => owner && (owner === 'retired' || !live.has(owner)));
  const unfinished = leakedDirectories(instancesDirectory).filter(
    (name) => !entries.some((entry) => entry.instanceId === name),
  );
  return {
    rowsWithoutInstance: rows.length - served,
    rowsThatLive: served,
    counted,
    instancesWithoutRow: strays.length,
    unfinishedDirectories: unfinished.length,
  };
}

export const isNothing = (remains: Remains): boolean =>
  Object.values(remains).every((count) => count === 0);
