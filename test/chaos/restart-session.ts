import { setTimeout as delay } from 'node:timers/promises';
import { restartAnswerSchema } from '@steppe/contracts/step';
import type { ApiCaller } from './api-caller.ts';

const limitMs = 90_000;
const pauseMs = 50;

/**
 * Restarts the interpreter, and asks on until it is known what came of it: where an answer was lost, the refusal of the same
 * epoch named again tells the present one. Without it the next step, which gets no 409, would run in memory that its sender does
 * not know of.
 * @returns the epoch from now on; undefined where the session has ended, or nothing could be learnt.
 */
export async function restartSession(
  api: ApiCaller,
  sessionId: string,
  epoch: number,
  stop: AbortSignal,
): Promise<number | undefined> {
  const endsAt = Date.now() + limitMs;
  while (Date.now() < endsAt && !stop.aborted) {
    const reply = await api.call({ method: 'POST', path: `/v1/sessions/${sessionId}/restart`, body: { epoch } });
    if (reply.kind === 'answer') {
      const answer = restartAnswerSchema.safeParse(await reply.answer.json().catch(() => undefined));
      if (answer.success) return answer.data.epoch;
    } else if (reply.kind === 'refusal') {
      if (reply.error.code === 'session_ended') return undefined;
      if (reply.error.code === 'epoch_mismatch') return Number(reply.error.details.epoch);
    }
    await delay(pauseMs);
  }
  return undefined;
}
