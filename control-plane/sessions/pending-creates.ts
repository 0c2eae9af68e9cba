import type { SessionId } from '@steppe/contracts/ids';
import { CreateGivenUp } from './create-failure.ts';
import type { EndCause } from './end-cause.ts';
import type { KnownSession } from './known-session.ts';

type Create = (signal: AbortSignal) => Promise<KnownSession>;

/** The creates that run in this process. */
export interface PendingCreates {
  /**
   * Runs one. Its signal is aborted with `CreateGivenUp` when the time is up, when `client` is aborted, or by the methods below;
   * what it did so far is its own to undo.
   */
  run(sessionId: SessionId, client: AbortSignal | undefined, create: Create): Promise<KnownSession>;
  /** The create of that session, if it runs here. */
  find(sessionId: SessionId): Promise<KnownSession> | undefined;
  /** Resolves when the create of that session has ended, one way or the other; at once where none runs here. */
  cancel(sessionId: SessionId): Promise<void>;
  /** Gives all of them up and resolves when they have ended; none is begun after it. */
  close(): Promise<void>;
}

export function createPendingCreates(limitMs: number): PendingCreates {
  const running = new Map<SessionId, { giveUp: (because: EndCause) => void; ended: Promise<KnownSession> }>();
  let isOpen = true;
  const giveUp = async (sessionId: SessionId, because: EndCause) => {
    const create = running.get(sessionId);
    create?.giveUp(because);
    await create?.ended.catch(() => undefined);
  };
  return {
    async run(sessionId, client, create) {
      if (!isOpen) throw new CreateGivenUp(closing);
      const controller = new AbortController();
      const abort = (because: EndCause) => controller.abort(new CreateGivenUp(because));
      const timer = setTimeout(
        () => abort({ reason: 'provisioning_timeout', detail: `not ready within ${limitMs} ms` }),
        limitMs,
      );
      const onLeave = () => abort({ reason: 'deleted', detail: 'its client left before it was ready' });
      client?.addEventListener('abort', onLeave, { once: true });
      if (client?.aborted) onLeave();
      const ended = create(controller.signal);
      running.set(sessionId, { giveUp: abort, ended });
      try {
        return await ended;
      } finally {
        running.delete(sessionId);
        client?.removeEventListener('abort', onLeave);
        clearTimeout(timer);
      }
    },
    find: (sessionId) => running.get(sessionId)?.ended,
    cancel: (sessionId) => giveUp(sessionId, { reason: 'deleted' }),
    async close() {
      isOpen = false;
      await Promise.all([...running.keys()].map((sessionId) => giveUp(sessionId, closing)));
    },
  };
}

const closing: EndCause = { reason: 'crashed', detail: 'the control-plane was closing' };
