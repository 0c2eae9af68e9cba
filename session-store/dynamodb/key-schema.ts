/**
 * The table's keys and indexes: the one place that the adapter, the tests, local mode and the CDK
 * stack take them from. Plain data, so that whoever imports it needs no SDK.
 */
export const sessionsTable = {
  defaultName: 'steppe-sessions',
  partitionKey: 'session_id',
  tenantIndex: { name: 'by_tenant', partitionKey: 'tenant_id', sortKey: 'created_at' },
  /**
   * Sparse: rows that have not ended, and the tenants' sets of live ids, carry its key, and nothing
   * else does.
   */
  liveIndex: {
    name: 'live',
    partitionKey: 'live_shard',
    shards: 16,
    /** Beside the keys: of a row what live-entry.ts reads, of a set its ids. */
    projected: [
      'tenant_id',
      'version',
      'state',
      'created_at',
      'expires_at',
      'ready_at',
      'instance_id',
      'ids',
    ],
  },
  /**
   * Seconds of Unix time. Cleanup only: nothing relies on when, or whether, DynamoDB acts on it.
   */
  ttlAttribute: 'purge_at',
  /** Of every key attribute, in DynamoDB's letters. */
  attributeTypes: { session_id: 'S', tenant_id: 'S', created_at: 'S', live_shard: 'N' },
} as const;
