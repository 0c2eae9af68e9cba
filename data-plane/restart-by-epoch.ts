import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';
import type { AgentDialogue } from './agent-dialogue.ts';
import { type CollectedAnswer, createCollectedAnswer } from './collected-answer.ts';
import type { AnswerSink } from './forward/answer-sink.ts';
import type { ExchangeEnd } from './forward/exchange.ts';
import type { RestartRequest } from './read-agent-body.ts';

interface RestartOptions {
  dialogue: AgentDialogue;
  path: string;
  /** The client's. */
  request: RestartRequest;
  answer: AnswerSink;
  declines: (status: number) => boolean;
}

/** No interpreter ever is at this epoch: a restart of it is refused with the epoch that there is, and does nothing. */
const noEpoch = Number.MAX_SAFE_INTEGER;
/** How often another restart may come between, before its refusal is shown. */
const mostTries = 4;

/**
 * Restarts the interpreter once, also where the agent's answer is lost: what is sent names the epoch that is to end, which the
 * agent is asked for where the client named none. Sent again, it is refused if it was carried out, and the refusal names the
 * new epoch.
 */
export async function restartByEpoch({ dialogue, path, request, answer, declines }: RestartOptions): Promise<ExchangeEnd> {
  const client = createWaitingClient(answer);
  const restart = async (epoch: number) => {
    const ask = { method: 'POST', path, body: Buffer.from(JSON.stringify({ epoch })) };
    const collected = createCollectedAnswer({ declines, onWaiting: client.keepWaiting });
    const end = await dialogue.ask(ask, collected, () => ask);
    return { end, collected, present: end.kind === 'answered' ? presentEpoch(collected) : undefined };
  };

  let epoch = request.epoch;
  for (let tries = 0; ; tries++) {
    const { end, collected, present } = await restart(epoch ?? noEpoch);
    if (end.kind !== 'answered') return end;
    if (epoch !== undefined && present === epoch + 1 && collected.brokeOff()) {
      client.answerEpoch(present);
      return { kind: 'answered', status: 200 };
    }
    // Where the client named no epoch, that of another restart meanwhile is as good.
    const mayTryAgain = request.epoch === undefined && present !== undefined && tries < mostTries;
    if (!mayTryAgain) {
      return client.passOn(collected) ? end : { kind: 'truncated', reason: 'broken', brought: true };
    }
    epoch = present;
  }
}

/** Of the body of a refusal only this is needed: a newer agent may say more, or use codes that are not known here. */
const refusalSchema = z.object({ error: z.object({ code: z.string(), details: z.unknown() }) });
const mismatchSchema = z.object({ epoch: z.number().int() });

/** The epoch that a refusal names; undefined for any other answer. */
function presentEpoch(collected: CollectedAnswer): number | undefined {
  if (collected.status() !== 409) return undefined;
  const { error } = refusalSchema.parse(JSON.parse(collected.body().toString()));
  return error.code === 'epoch_mismatch' ? mismatchSchema.parse(error.details).epoch : undefined;
}

/** The client has the head of a 200, and spaces, where the agent took long: only the JSON of a 200 can follow then. */
function createWaitingClient(answer: AnswerSink) {
  let waits = false;
  const finish = (body: Buffer) => {
    answer.write(body);
    answer.end();
  };
  return {
    keepWaiting(headers: IncomingHttpHeaders, spaces: Buffer): void {
      if (!waits) answer.begin(200, headers);
      waits = true;
      answer.write(spaces);
    },
    answerEpoch(epoch: number): void {
      const body = Buffer.from(JSON.stringify({ epoch }));
      if (!waits) answer.begin(200, { 'content-type': 'application/json', 'content-length': String(body.length) });
      finish(body);
    },
    /** @returns false where it is no 200 and the client was promised one. */
    passOn(collected: CollectedAnswer): boolean {
      if (!waits) collected.passOn(answer);
      else if (collected.status() === 200) finish(collected.body());
      else return false;
      return true;
    },
  };
}
