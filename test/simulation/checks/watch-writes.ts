import { isTerminal } from '@steppe/control-plane/sessions/termination/cause';
import { storedKeySchema } from '@steppe/session-store/dynamodb/idempotency-keys';
import {
  idempotencyPrefix,
  leasePrefix,
  liveSetPrefix,
} from '@steppe/session-store/dynamodb/item-keys';
import { type Item, parseItem } from '@steppe/session-store/dynamodb/items';
import { liveSetSchema } from '@steppe/session-store/dynamodb/quota';
import { fromSessionItem } from '@steppe/session-store/dynamodb/rows/session-item';
import { SessionStoreCorruptError } from '@steppe/session-store/errors';
import type { RuleName } from '../history/rules.ts';
import type { TableModel } from '../models/dynamodb/table-model.ts';
import { rowViolations } from './row-rules.ts';

type Violate = (rule: RuleName, what: string) => void;

export interface WatchedTable {
  table: Pick<TableModel, 'onWrite'>;
  nowMs(): number;
  /** How many live sessions each tenant may have. */
  quota: number;
  violate: Violate;
}

/** Checks every write of the table at the moment of its execution, whoever sent it. */
export function watchWrites({ table, nowMs, quota, violate }: WatchedTable): void {
  const quotas = createQuotaWatch(quota, violate);
  const check = (key: string, before: Item | undefined, after: Item | undefined) => {
    if (key.startsWith(liveSetPrefix)) quotas.setWritten(key, after);
    else if (key.startsWith(idempotencyPrefix)) checkKey({ key, before, after }, nowMs(), violate);
    else if (key.startsWith(leasePrefix)) checkLease({ key, before, after }, nowMs(), violate);
    else {
      for (const what of rowViolations(before, after)) violate('row-valid', `${key} ${what}`);
      quotas.rowWritten(key, after);
    }
  };
  table.onWrite((key, before, after) => {
    try {
      check(key, before, after);
    } catch (error) {
      if (!(error instanceof SessionStoreCorruptError)) throw error;
      violate('row-valid', `${key} cannot be read: ${error.cause}`);
    }
  });
}

/** Compares rows with the live sets of their tenants, after each write of one of them. */
function createQuotaWatch(quota: number, violate: Violate) {
  /** The tenants of live rows. */
  const live = new Map<string, string>();
  const counted = new Map<string, ReadonlySet<string>>();
  return {
    rowWritten(id: string, item: Item | undefined) {
      const row = item && fromSessionItem(item).record;
      if (!row || isTerminal(row)) {
        live.delete(id);
        return;
      }
      if (live.has(id)) return;
      const { tenant_id: tenant } = row;
      live.set(id, tenant);
      const count = [...live.values()].filter((owner) => owner === tenant).length;
      if (count > quota) violate('quota-exact', `${tenant} has ${count} live rows of ${quota}`);
      if (!counted.get(tenant)?.has(id))
        violate('quota-exact', `${id} gets its row without a place in the quota of ${tenant}`);
    },
    setWritten(key: string, item: Item | undefined) {
      const tenant = key.slice(liveSetPrefix.length);
      const ids: ReadonlySet<string> = new Set(item ? parseItem(liveSetSchema, item).ids : []);
      for (const id of counted.get(tenant) ?? [])
        if (!ids.has(id) && live.has(id))
          violate('quota-exact', `${id} is live and leaves the quota of ${tenant}`);
      counted.set(tenant, ids);
    },
  };
}

interface Write {
  key: string;
  before: Item | undefined;
  after: Item | undefined;
}

function checkKey({ key, before, after }: Write, nowMs: number, violate: Violate): void {
  if (!before || !after) return;
  const [old, next] = [parseItem(storedKeySchema, before), parseItem(storedKeySchema, after)];
  if (old.item.expires * 1000 <= nowMs) return;
  violate(
    'key-one-session',
    `${key} stands for ${old.item.session_id}, and is written again for ${next.item.session_id}`,
  );
}

function checkLease({ key, before, after }: Write, nowMs: number, violate: Violate): void {
  if (!before || !after || before.holder?.S === after.holder?.S) return;
  const remainingMs = Number(before.expires_at_ms?.N) - nowMs;
  if (remainingMs > 0)
    violate('lease-exclusive', `${key} has another holder ${remainingMs} ms before it expires`);
}
