import type { CreatedRoute } from '@steppe/contracts/created-route';
import type { InstanceId, TenantId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';

/** The part of a row that routing needs. The cache stays small, however large the metadata is. */
export type RouteEntry = { tenantId: TenantId; version: number; expiresAtMs: number } & (
  | { state: 'provisioning' }
  | { state: 'ready'; instanceId: InstanceId; origin: string }
  | { state: 'terminal'; endReason: string; endDetail?: string | undefined; purgeAtMs: number }
);

export type Route = Extract<RouteEntry, { state: 'ready' }>;

type RoutedRecord = CreatedRoute | Exclude<SessionRecord, { state: 'ready' }>;

export function toRouteEntry(record: RoutedRecord): RouteEntry {
  const known = {
    tenantId: record.tenant_id,
    version: record.version,
    expiresAtMs: Date.parse(record.expires_at),
  };
  switch (record.state) {
    case 'provisioning':
      return { ...known, state: 'provisioning' };
    case 'ready':
      return {
        ...known,
        state: 'ready',
        instanceId: record.instance_id,
        origin: new URL(record.address).origin,
      };
    case 'ended':
    case 'failed':
      return {
        ...known,
        state: 'terminal',
        endReason: record.end_reason,
        endDetail: record.end_detail,
        purgeAtMs: record.purge_at * 1000,
      };
  }
}
