import type { PlantedBug } from './planted-bug.ts';

const quota = 'session-store/dynamodb/quota.ts';
const rows = 'session-store/dynamodb/rows/session-rows.ts';
const keys = 'session-store/dynamodb/idempotency-keys.ts';

export const sessionStoreBugs: readonly PlantedBug[] = [
  {
    name: 'quota-one-too-many',
    breaks: 'quota-exact',
    why: 'A full set of live sessions takes one more.',
    patches: [{ file: quota, from: 'size(#ids) < :max OR', to: 'size(#ids) <= :max OR' }],
  },
  {
    name: 'live-set-deleted-with-others',
    breaks: 'quota-exact',
    why: 'The removal of the last id deletes the set together with an id that was just added.',
    patches: [
      {
        file: quota,
        from: "ConditionExpression: '#ids = :ids',",
        to: "ConditionExpression: 'attribute_exists(#ids) OR #ids = :ids',",
      },
    ],
  },
  {
    name: 'older-version-overwrites',
    breaks: 'row-valid',
    why: 'An update of a version that was replaced meanwhile overwrites the newer row.',
    patches: [{ file: rows, from: "'#version = :expected'", to: "'#version >= :expected'" }],
  },
  {
    name: 'update-not-recognised',
    breaks: 'end-reason-true',
    why: 'An update that the SDK has sent twice counts as lost, and its session as deleted.',
    patches: [
      {
        file: rows,
        from: "if (found.writeId === writeId) return { outcome: 'updated', record };",
        to: '',
      },
    ],
  },
  {
    name: 'create-not-recognised',
    breaks: 'end-reason-true',
    why: 'A row that the SDK has sent twice counts as another one, and its session as deleted.',
    patches: [
      {
        file: rows,
        from: "return found?.writeId === written.writeId ? 'created' : 'exists';",
        to: "return 'exists';",
      },
    ],
  },
  {
    name: 'attributes-of-the-state-before',
    breaks: 'row-valid',
    why: 'An ended session keeps its address and its place in the index of live ones.',
    patches: [
      {
        file: 'session-store/dynamodb/rows/row-update.ts',
        from: 'if (attribute === sessionsTable.partitionKey) continue;',
        to: 'if (attribute === sessionsTable.partitionKey || !value) continue;',
      },
    ],
  },
  {
    name: 'key-given-away',
    breaks: 'key-one-session',
    why: 'A key that has not expired can be claimed for another session.',
    patches: [{ file: keys, from: 'OR purge_at <= :now', to: 'OR purge_at >= :now' }],
  },
  {
    name: 'lease-taken-early',
    breaks: 'lease-exclusive',
    why: 'A replica takes the lease of the reconciler while another one holds it.',
    patches: [
      {
        file: 'session-store/dynamodb/leases.ts',
        from: 'OR #expires <= :now',
        to: 'OR #expires >= :now',
      },
    ],
  },
];
