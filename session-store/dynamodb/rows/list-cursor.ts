import { createHash } from 'node:crypto';
import { timeSchema } from '@steppe/contracts/fields';
import { sessionIdSchema, type TenantId } from '@steppe/contracts/ids';
import * as z from 'zod';
import { CursorRejectedError } from '../../errors.ts';

/**
 * The position where a page ended. It includes the session id, so that rows of one millisecond are
 * neither skipped nor repeated.
 */
const positionSchema = z.strictObject({ created_at: timeSchema, session_id: sessionIdSchema });
export type ListPosition = z.infer<typeof positionSchema>;

/** The key of the index without the tenant, which the query itself names. */
export const indexKeySchema = z.object(positionSchema.shape);

const cursorSchema = z.tuple([
  z.string(),
  positionSchema.shape.created_at,
  positionSchema.shape.session_id,
]);

export const encodeCursor = (
  tenantId: TenantId,
  { created_at, session_id }: ListPosition,
): string =>
  Buffer.from(JSON.stringify([tenantMark(tenantId), created_at, session_id])).toString('base64url');

/**
 * A forged cursor can reach no more than a valid one: the query itself names the tenant.
 * @throws CursorRejectedError
 */
export const decodeCursor = (tenantId: TenantId, cursor: string): ListPosition => {
  const parsed = cursorSchema.safeParse(fromJson(Buffer.from(cursor, 'base64url').toString()));
  if (!parsed.success) throw new CursorRejectedError({ cause: parsed.error });
  const [, created_at, session_id] = parsed.data;
  const position = { created_at, session_id };
  // Accept only the exact text that this tenant was given: Node's decoder skips characters that are
  // not base64.
  if (encodeCursor(tenantId, position) !== cursor) throw new CursorRejectedError();
  return position;
};

/** A hash, because a tenant's name may be longer than a cursor. */
const tenantMark = (tenantId: TenantId): string =>
  createHash('sha256').update(tenantId).digest('base64url').slice(0, 22);

const fromJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CursorRejectedError({ cause: error });
  }
};
