import type { Plane } from '@steppe/contracts/internal';

/**
 * The actions of DynamoDB that each plane uses, on the table and on its indexes: the one source for
 * the IAM policies and for the test that compares them with recorded calls. It is plain data, so
 * that importing it does not load the SDK.
 */
export const planeActions = {
  'control-plane': {
    table: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'],
    indexes: ['Query'],
  },
  'data-plane': { table: ['GetItem'], indexes: [] },
} as const satisfies Record<
  Plane,
  { readonly table: readonly string[]; readonly indexes: readonly string[] }
>;
