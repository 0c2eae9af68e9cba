/**
 * The limits that the contract itself states. Limits that an operator may change are in each
 * service's config instead.
 */
export const limits = {
  codeBytes: 1024 * 1024,
  envBytes: 256 * 1024,
  envNames: 4096,
  /** JSON may escape each byte of code and env as six bytes. */
  requestBodyBytes: 8 * 1024 * 1024,
  /** Limits a JSON body: each level and each value costs its reader far more than its bytes do. */
  jsonDepth: 64,
  jsonValues: 16_384,
  metadataPairs: 16,
  metadataBytes: 4096,
  /** Names and values together: every cold route reads the whole row. */
  metadataTotalBytes: 16 * 1024,
  queuedSteps: 16,
  journalSteps: 256,
  journalBytes: 64 * 1024 * 1024,
  outputBytesPerStream: 1024 * 1024,
  resultBytesPerStep: 10 * 1024 * 1024,
  textBytes: 256 * 1024,
  /** What a result shows of each stream of background output. */
  backgroundBytes: 64 * 1024,
  stepSpoolBytes: 256 * 1024 * 1024,
  sessionSpoolBytes: 1024 * 1024 * 1024,
  maxSpoolBytes: 1024 ** 4,
  keepaliveMs: 5_000,
  defaultTimeoutMs: 60_000,
  maxTimeoutMs: 3_600_000,
  defaultTtlSeconds: 3_600,
  defaultIdleTimeoutSeconds: 900,
  internalTokenSeconds: 60,
  /** With less memory, an interpreter does not start or has no memory left for code. */
  leastResources: { cpu: '1m', memory: '32Mi', ephemeral_storage: '1Mi' },
  /** The ids of all live sessions of a tenant are stored in one item of the table. */
  liveSessionsPerTenant: 5_000,
} as const;
