import type { SessionId } from '@steppe/contracts/ids';
import type { SessionWithState } from '../session-with-state.ts';
import type { TerminationCause } from '../termination/cause.ts';
import { CreateAbortedError } from './create-failure.ts';

type Create = (signal: AbortSignal) => Promise<SessionWithState>;

/** The creates that run in this process. */
export interface PendingCreates {
  /**
   * Runs one. Its signal is aborted with `CreateAbortedError` when the time is up, when `client` is
   * aborted, or by the methods below; what it did so far is its own to roll back.
   */
  run(
    sessionId: SessionId,
    client: AbortSignal | undefined,
    create: Create,
  ): Promise<SessionWithState>;
  /** The create of that session, if it runs here. */
  find(sessionId: SessionId): Promise<SessionWithState> | undefined;
  /**
   * Resolves when the create of that session has ended, one way or the other; at once where none
   * runs here.
   */
  cancel(sessionId: SessionId): Promise<void>;
  /** Gives all of them up and resolves when they have ended; none is begun after it. */
  close(): Promise<void>;
}

export function createPendingCreates(limitMs: number): PendingCreates {
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
      const timer = setTimeout(
        () => abort({ reason: 'provisioning_timeout', detail: `not ready within ${limitMs} ms` }),
        limitMs,
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
        clearTimeout(timer);
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
