import { setTimeout as delay } from 'node:timers/promises';
import { restartResponseSchema } from '@steppe/contracts/step';
import { type ApiCaller, isPassing, wordsOf } from './api-caller.ts';
import { readResponse } from './read-response.ts';

const limitMs = 90_000;
const pauseMs = 50;

/** What came of a restart in the end. */
export type Restarted =
  /** The interpreter's, from now on. */
  | { kind: 'epoch'; epoch: number }
  | { kind: 'session_ended' }
  /** A response that the contract has no reason for, or none in time. */
  | { kind: 'unexpected'; what: string };

/**
 * Restarts the interpreter, and retries until it is known what came of it: where a response was
 * lost, the refusal of the same epoch named again tells the present one. Without it the next step,
 * which gets no 409, would run in memory that its sender does not know of.
 */
export async function restartSession(
  api: ApiCaller,
  sessionId: string,
  epoch: number,
  stop: AbortSignal,
): Promise<Restarted> {
  const endsAt = Date.now() + limitMs;
  while (Date.now() < endsAt && !stop.aborted) {
    const reply = await api.call({
      method: 'POST',
      path: `/v1/sessions/${sessionId}/restart`,
      body: { epoch },
    });
    if (reply.kind === 'response') {
      const response = await readResponse(reply.response, restartResponseSchema);
      if (response) return { kind: 'epoch', epoch: response.epoch };
    } else if (reply.kind === 'refusal') {
      const { code, details } = reply.error;
      if (code === 'session_ended') return { kind: code };
      if (code === 'epoch_mismatch') return { kind: 'epoch', epoch: Number(details.epoch) };
      if (!isPassing(code))
        return { kind: 'unexpected', what: `the restart of ${sessionId}: ${wordsOf(reply)}` };
    }
    await delay(pauseMs);
  }
  return {
    kind: 'unexpected',
    what: `nothing was learnt of the restart of ${sessionId} in ${limitMs / 1000} s`,
  };
}
