import { wordsOf } from '../../chaos/drive/api-caller.ts';
import { controlPlaneTimes } from '../world/timing.ts';
import { checkStepAfterEnd } from './check-step-after-end.ts';
import type { ClientSession } from './client-session.ts';

/** Deletes it; once that is acknowledged, every replica has to know. */
export async function endSession(session: ClientSession): Promise<void> {
  const { client, id } = session;
  const { history, clock, random } = client;
  history.unwanted.add(id);
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const sentMs = clock.now();
    const reply = await client.call({ method: 'DELETE', path: `/v1/sessions/${id}` });
    if (reply.kind === 'refusal' && reply.error.code === 'session_not_found')
      return history.violate('end-known', `${id} was created: ${wordsOf(reply)}`);
    if (reply.kind === 'response') {
      await reply.response.text().catch(() => '');
      session.end();
      const nowMs = clock.now();
      // What the API server does not end within the limit of a delete lives on until it does.
      const isLate = nowMs - sentMs >= controlPlaneTimes.endMs;
      if (isLate && !history.wasCalm(sentMs, nowMs, ['cluster'])) return;
      return checkEnded(session, nowMs);
    }
    await clock.sleep(random.between(100, 1_000));
  }
}

async function checkEnded({ client, id }: ClientSession, endedMs: number): Promise<void> {
  const { history, clock } = client;
  const path = `/v1/sessions/${id}/steps`;
  const reply = await client.call({ method: 'POST', path, body: { code: '' } });
  if (reply.kind === 'response') await reply.response.text().catch(() => '');
  checkStepAfterEnd(history, { sessionId: id, endedMs, nowMs: clock.now() }, reply);
}
