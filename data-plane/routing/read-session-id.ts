import { type SessionId, sessionIdSchema, stepIdSchema } from '@steppe/contracts/ids';
import { sessionNotFound } from './resolve-route.ts';

/**
 * The session that a path below `/v1/sessions/` is about, as it is written and forwarded: an id
 * that only decoding would make valid is none.
 * @throws AppError `session_not_found`
 */
export function readSessionId(path: string): SessionId {
  const parsed = sessionIdSchema.safeParse(segmentOf(path, 3));
  if (!parsed.success) throw sessionNotFound();
  return parsed.data;
}

/** For the log: the agent validates it. */
export const readStepId = (path: string): string | undefined =>
  segmentOf(path, 4) === 'steps' ? stepIdSchema.safeParse(segmentOf(path, 5)).data : undefined;

const segmentOf = (path: string, index: number): string | undefined =>
  path.split('?', 1)[0]?.split('/')[index];
