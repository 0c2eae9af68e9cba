import { createHash } from 'node:crypto';
import type { TenantId } from '@steppe/contracts/ids';
import { sessionsTable } from './key-schema.ts';

// Session ids are `ses_` and letters or digits, so a key with a `#` never equals one.
export const liveSetPrefix = 'live#';

export const liveSetKey = (tenantId: TenantId): string => `${liveSetPrefix}${tenantId}`;

export const idempotencyPrefix = 'idempotency#';

/** A hash of both as JSON: any characters are safe, and no tenant can write another's key. */
export const idempotencyKey = (tenantId: TenantId, key: string): string =>
  `${idempotencyPrefix}${createHash('sha256')
    .update(JSON.stringify([tenantId, key]))
    .digest('base64url')}`;

export const leasePrefix = 'lease#';

export const leaseKey = (name: string): string => `${leasePrefix}${name}`;

/**
 * The key is hashed because ids created at about the same time begin alike; an item stays in its
 * shard.
 */
export const liveShard = (itemKey: string): number => {
  const [byte = 0] = createHash('sha256').update(itemKey).digest();
  return byte % sessionsTable.liveIndex.shards;
};
