import type { SessionId, TenantId } from '@steppe/contracts/ids';
import type { LiveEntry } from '@steppe/session-store/live-entry';
import type { SessionSweeper } from '@steppe/session-store/ports';
import type { SoakCluster } from './soak-cluster.ts';

/** The live rows and the reserved quota. */
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
 * The number of sessions that a tenant had above its quota. Counts only sessions that both of two
 * reads show, because those certainly lived at the same time.
 */
export async function excessOver(store: SessionSweeper, quota: number): Promise<number> {
  const [before, after] = [await readTable(store), await readTable(store)];
  const together = new Map<TenantId, number>();
  for (const { session_id, tenant_id } of after.live.values()) {
    if (before.live.has(session_id)) together.set(tenant_id, (together.get(tenant_id) ?? 0) + 1);
  }
  return Math.max(0, ...[...together.values()].map((count) => count - quota));
}

/** What is left after no more sessions are created and the last ones have ended. */
export interface Remains {
  rowsWithoutInstance: number;
  /** Live rows whose instances also live. */
  rowsThatLive: number;
  /** Ids in the sets of live sessions. */
  counted: number;
  /** Instances beyond those of live rows and of the warm pools. */
  instancesWithoutRow: number;
}

export async function findRemains({
  store,
  instances,
  warmInstances,
}: Pick<SoakCluster, 'store' | 'instances' | 'warmInstances'>): Promise<Remains> {
  const { live, counted } = await readTable(store);
  const there = await instances.present();
  const rows = [...live.values()];
  const served = rows.filter(({ instance_id }) => instance_id && there.has(instance_id)).length;
  return {
    rowsWithoutInstance: rows.length - served,
    rowsThatLive: served,
    counted,
    instancesWithoutRow: Math.max(0, there.size - served - warmInstances),
  };
}

export const isNothing = (remains: Remains): boolean =>
  Object.values(remains).every((count) => count === 0);
