import type { SessionRecord } from '@steppe/contracts/session-record';
import { isTerminal, type TerminalRecord } from '@steppe/control-plane/sessions/termination/cause';
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
import type { History } from '../history/history.ts';
import type { RuleName } from '../history/rules.ts';
import type { TableModel } from '../models/dynamodb/table-model.ts';
import { rowViolations } from './row-rules.ts';

type Violate = (rule: RuleName, what: string) => void;

export interface WatchedTable {
  table: Pick<TableModel, 'onWrite'>;
  nowMs(): number;
  /** How many live sessions each tenant may have. */
  quota: number;
  /** How long a session may take to become ready. */
  provisioningMs: number;
  instanceEnds: History['instanceEnds'];
  /** Whether the API server still has the pod of an instance. */
  hasPod(instanceId: string): boolean;
  wasCalm: History['wasCalm'];
  violate: Violate;
}

/** Checks every write of the table at the moment of its execution, whoever sent it. */
export function watchWrites(watched: WatchedTable): void {
  const { table, nowMs, violate } = watched;
  const quotas = createQuotaWatch(watched);
  const check = (key: string, before: Item | undefined, after: Item | undefined) => {
    if (key.startsWith(liveSetPrefix)) quotas.setWritten(key, after);
    else if (key.startsWith(idempotencyPrefix)) checkKey({ key, before, after }, nowMs(), violate);
    else if (key.startsWith(leasePrefix)) checkLease({ key, before, after }, nowMs(), violate);
    else {
      for (const what of rowViolations(before, after)) violate('row-valid', `${key} ${what}`);
      if (!after) return;
      const row = fromSessionItem(after).record;
      checkTimeout(row, watched);
      if (isTerminal(row)) checkKnownEnd(row, watched);
      quotas.rowWritten(row);
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

function checkTimeout(row: SessionRecord, { provisioningMs, violate }: WatchedTable): void {
  if (!isTerminal(row) || row.end_reason !== 'provisioning_timeout') return;
  const ageMs = Date.parse(row.ended_at) - Date.parse(row.created_at);
  if (ageMs < provisioningMs)
    violate('end-reason-true', `${row.session_id} is too late after ${ageMs} ms`);
}

/** How long a reconciler may need from its list of all pods to the write of a row. */
const passMs = 10_000;
/** Written where nobody knows how the instance ended. */
const withoutEnd = /how it exited is unknown|^not ready within/;

/** Whoever lists the pods knows how an instance ended whose pod exists. */
function checkKnownEnd(row: TerminalRecord, watched: WatchedTable): void {
  const { instanceEnds, provisioningMs, hasPod, nowMs, wasCalm, violate } = watched;
  const { session_id: id, instance_id, end_reason: reason, end_detail: detail = '' } = row;
  const end = instance_id && instanceEnds.get(instance_id);
  // A create lists nothing, and its own time is over before.
  const isListed = nowMs() - Date.parse(row.created_at) > provisioningMs + passMs;
  if (!end || !isListed || !withoutEnd.test(detail) || !hasPod(instance_id)) return;
  if (end.atMs < nowMs() - passMs && wasCalm(nowMs() - passMs, nowMs(), ['table', 'process']))
    violate('end-reason-true', `${id} ends as ${reason}, and its pod tells ${end.reason}`);
}

/** Compares rows with the live sets of their tenants, after each write of one of them. */
function createQuotaWatch({ quota, violate }: WatchedTable) {
  /** The tenants of live rows. */
  const live = new Map<string, string>();
  const counted = new Map<string, ReadonlySet<string>>();
  return {
    rowWritten(row: SessionRecord) {
      const { session_id: id, tenant_id: tenant } = row;
      if (isTerminal(row)) live.delete(id);
      if (isTerminal(row) || live.has(id)) return;
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
