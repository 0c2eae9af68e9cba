import { type SessionId, sessionIdSchema, stepIdSchema } from '@steppe/contracts/ids';
import { sessionNotFound } from './resolve-route.ts';

/**
 * Reads the session id of a path below `/v1/sessions/`, as it is forwarded: an id that is valid
 * only after decoding is not accepted.
 * @throws AppError `session_not_found`
 */
export function readSessionId(path: string): SessionId {
  const parsed = sessionIdSchema.safeParse(segmentOf(path, 3));
  if (!parsed.success) throw sessionNotFound();
  return parsed.data;
}

/** Only for the log: the agent validates the id. */
export const readStepId = (path: string): string | undefined =>
  segmentOf(path, 4) === 'steps' ? stepIdSchema.safeParse(segmentOf(path, 5)).data : undefined;

const segmentOf = (path: string, index: number): string | undefined =>
  path.split('?', 1)[0]?.split('/')[index];
