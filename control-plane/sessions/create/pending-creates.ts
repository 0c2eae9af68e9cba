import type { SessionId } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { SessionWithState } from '../describe-session.ts';
import type { TerminationCause } from '../termination/cause.ts';
import { CreateAbortedError } from './create-failure.ts';

type Create = (signal: AbortSignal) => Promise<SessionWithState>;

/** The creates that run in this process. */
export interface PendingCreates {
  /**
   * Runs a create. Its signal aborts with `CreateAbortedError` at the time limit, when `client`
   * aborts, or through the methods below. The create itself rolls back what it has done.
   */
  run(
    sessionId: SessionId,
    client: AbortSignal | undefined,
    create: Create,
  ): Promise<SessionWithState>;
  /** The create of that session, if it runs in this process. */
  find(sessionId: SessionId): Promise<SessionWithState> | undefined;
  /**
   * Aborts the create of that session and resolves when it has settled, or at once if no such
   * create runs in this process.
   */
  cancel(sessionId: SessionId): Promise<void>;
  /** Aborts every create and resolves when all have settled. No create begins after that. */
  close(): Promise<void>;
}

export function createPendingCreates(limitMs: number, clock: Pick<Clock, 'after'>): PendingCreates {
  const running = new Map<
    SessionId,
    { abortCreate: (terminationCause: TerminationCause) => void; ended: Promise<SessionWithState> }
  >();
  let isOpen = true;
  const abortCreate = async (sessionId: SessionId, terminationCause: TerminationCause) => {
    const create = running.get(sessionId);
    create?.abortCreate(terminationCause);
    await create?.ended.catch(() => undefined);
  };
  return {
    async run(sessionId, client, create) {
      if (!isOpen) throw new CreateAbortedError(closing);
      const controller = new AbortController();
      const abort = (terminationCause: TerminationCause) =>
        controller.abort(new CreateAbortedError(terminationCause));
      const cancelTimer = clock.after(limitMs, () =>
        abort({ reason: 'provisioning_timeout', detail: `not ready within ${limitMs} ms` }),
      );
      const onLeave = () =>
        abort({ reason: 'deleted', detail: 'its client left before it was ready' });
      client?.addEventListener('abort', onLeave, { once: true });
      if (client?.aborted) onLeave();
      const ended = create(controller.signal);
      running.set(sessionId, { abortCreate: abort, ended });
      try {
        return await ended;
      } finally {
        running.delete(sessionId);
        client?.removeEventListener('abort', onLeave);
        cancelTimer();
      }
    },
    find: (sessionId) => running.get(sessionId)?.ended,
    cancel: (sessionId) => abortCreate(sessionId, { reason: 'deleted' }),
    async close() {
      isOpen = false;
      await Promise.all([...running.keys()].map((sessionId) => abortCreate(sessionId, closing)));
    },
  };
}

const closing: TerminationCause = { reason: 'crashed', detail: 'the control-plane was closing' };
