/**
 * The table's keys and indexes: the one source for the adapter, the tests, local mode and the CDK
 * stack. It is plain data, so that importing it does not load the SDK.
 */
export const sessionsTable = {
  defaultName: 'steppe-sessions',
  partitionKey: 'session_id',
  tenantIndex: { name: 'by_tenant', partitionKey: 'tenant_id', sortKey: 'created_at' },
  /** Sparse: only rows that have not ended and the tenants' sets of live ids carry its key. */
  liveIndex: {
    name: 'live',
    partitionKey: 'live_shard',
    shards: 16,
    /** Projected besides the keys: for a row the fields of live-entry.ts, for a set its ids. */
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
   * Seconds of Unix time. For cleanup only: nothing relies on when, or whether, DynamoDB acts on
   * it.
   */
  ttlAttribute: 'purge_at',
  /** The type of every key attribute, in DynamoDB's letters. */
  attributeTypes: { session_id: 'S', tenant_id: 'S', created_at: 'S', live_shard: 'N' },
} as const;
