import { restartResponseSchema } from '@steppe/contracts/step';
import { type Clock, systemClock } from '@steppe/service-kit/process/clock';
import { type ApiCaller, isPassing, wordsOf } from './api-caller.ts';
import { readResponse } from './read-response.ts';

const defaultLimitMs = 90_000;
const pauseMs = 50;

interface RetryTime {
  clock?: Pick<Clock, 'now' | 'sleep'>;
  /** How long to try; by default 90 s. */
  limitMs?: number;
}

/** The final outcome of a restart. */
export type Restarted =
  /**
   * The epoch of the restarted interpreter. `isRefused`: a refusal named it, after an attempt
   * without a response may have been executed.
   */
  | { kind: 'epoch'; epoch: number; isRefused: boolean }
  | { kind: 'session_ended' }
  /** A response that the contract does not explain, or no response within the time limit. */
  | { kind: 'unexpected'; what: string };

/**
 * Restarts the interpreter and retries until the outcome is known: after a lost response, a retry
 * that names the same epoch is refused, and the refusal names the present epoch. Otherwise the next
 * step would get no 409 and run in memory that its sender does not know of.
 */
export async function restartSession(
  api: ApiCaller,
  sessionId: string,
  epoch: number,
  stop: AbortSignal,
  { clock = systemClock, limitMs = defaultLimitMs }: RetryTime = {},
): Promise<Restarted> {
  const endsAt = clock.now() + limitMs;
  while (clock.now() < endsAt && !stop.aborted) {
    const reply = await api.call({
      method: 'POST',
      path: `/v1/sessions/${sessionId}/restart`,
      body: { epoch },
    });
    if (reply.kind === 'response') {
      const response = await readResponse(reply.response, restartResponseSchema);
      if (response) return { kind: 'epoch', epoch: response.epoch, isRefused: false };
    } else if (reply.kind === 'refusal') {
      const { code, details } = reply.error;
      if (code === 'session_ended') return { kind: code };
      if (code === 'epoch_mismatch')
        return { kind: 'epoch', epoch: Number(details.epoch), isRefused: true };
      if (!isPassing(reply.error))
        return { kind: 'unexpected', what: `the restart of ${sessionId}: ${wordsOf(reply)}` };
    }
    await clock.sleep(pauseMs);
  }
  return {
    kind: 'unexpected',
    what: `nothing was learnt of the restart of ${sessionId} in ${limitMs / 1000} s`,
  };
}
