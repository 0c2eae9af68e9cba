/**
 * The table's keys and index: the one place that the adapter, the tests, local mode and the CDK stack take them from. Plain
 * data, so that whoever imports it needs no SDK.
 */
export const sessionsTable = {
  defaultName: 'steppe-sessions',
  partitionKey: 'session_id',
  tenantIndex: { name: 'by_tenant', partitionKey: 'tenant_id', sortKey: 'created_at' },
  /** Seconds of Unix time. Cleanup only: nothing relies on when, or whether, DynamoDB acts on it. */
  ttlAttribute: 'purge_at',
  /** Of every key attribute, in DynamoDB's letters. */
  attributeTypes: { session_id: 'S', tenant_id: 'S', created_at: 'S' },
} as const;
