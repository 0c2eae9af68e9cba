import { setTimeout as delay } from 'node:timers/promises';
import { stepResultSchema } from '@steppe/contracts/step';
import { type ApiCaller, isPassing, type Reply, wordsOf } from './api-caller.ts';
import type { Outcome } from './history.ts';
import { MalformedAnswer, readAnswer } from './read-answer.ts';
import { readEvents, type StreamForm } from './read-events.ts';

export interface StepPlan {
  stepId: string;
  code: string;
  /** `later` does not wait, and follows the events. */
  form: 'application/json' | StreamForm | 'later';
  /** Named in the request where it is set. */
  epoch?: number;
  isCancelled: boolean;
}

export interface SettledStep {
  outcome: Outcome;
  seqs: number[];
  /** The output of the events; undefined where the last of them never came. */
  heard: string | undefined;
  /** Of the interpreter, as the last answer told. */
  epoch: number | undefined;
}

const limitMs = 90_000;
const pauseMs = 50;

/** Sends a step and asks on until it is known what became of it, whatever breaks meanwhile; never sends another in its place. */
export async function settleStep(api: ApiCaller, sessionId: string, plan: StepPlan, stop: AbortSignal): Promise<SettledStep> {
  const steps = `/v1/sessions/${sessionId}/steps`;
  const seqs: number[] = [];
  /** The instance said that it has the step. */
  let isTaken = false;
  let hasEnded = false;
  let heard = '';
  let epoch: number | undefined;

  async function submit(): Promise<Outcome | undefined> {
    const { code, form, stepId } = plan;
    const body = { code, step_id: stepId, ...(plan.epoch && { epoch: plan.epoch }), ...(form === 'later' && { wait: false }) };
    const headers = form === 'later' ? {} : { accept: form };
    const reply = await api.call({ method: 'POST', path: steps, body, headers });
    if (reply.kind !== 'answer') return judge(reply);
    isTaken = true;
    if (plan.isCancelled) await cancel();
    if (form === 'application/json') return endedBy(reply.answer);
    if (form === 'later') return undefined;
    return follow(reply.answer, form);
  }

  async function ask(): Promise<Outcome | undefined> {
    if (hasEnded || plan.form === 'application/json') {
      const reply = await api.call({ method: 'GET', path: `${steps}/${plan.stepId}` });
      return reply.kind === 'answer' ? endedBy(reply.answer) : judge(reply);
    }
    const form = plan.form === 'later' ? 'text/event-stream' : plan.form;
    const last = seqs.at(-1) ?? 0;
    const headers = { accept: form, ...(form === 'text/event-stream' && { 'last-event-id': String(last) }) };
    const query = form === 'text/event-stream' ? '' : `?after=${last}`;
    const reply = await api.call({ method: 'GET', path: `${steps}/${plan.stepId}/events${query}`, headers });
    return reply.kind === 'answer' ? follow(reply.answer, form) : judge(reply);
  }

  async function follow(answer: Response, form: StreamForm): Promise<undefined> {
    try {
      for await (const event of readEvents(answer, form)) {
        seqs.push(event.seq);
        if (event.type === 'stdout') heard += event.text;
        hasEnded ||= event.type === 'step_ended';
      }
    } catch (error) {
      // It broke off: what came so far counts.
      if (error instanceof MalformedAnswer) throw error;
    }
  }

  async function endedBy(answer: Response): Promise<Outcome | undefined> {
    const result = await readAnswer(answer, stepResultSchema);
    if (!result || result.status === 'queued' || result.status === 'running') return undefined;
    epoch = result.epoch;
    return { kind: 'ended', result };
  }

  /** Asked for again with the next try where it breaks. */
  async function cancel(): Promise<void> {
    const reply = await api.call({ method: 'POST', path: `${steps}/${plan.stepId}/cancel` });
    if (reply.kind === 'answer') await reply.answer.text().catch(() => '');
  }

  /** @returns undefined where it is worth asking again. */
  function judge(reply: Exclude<Reply, { kind: 'answer' }>): Outcome | undefined {
    if (reply.kind === 'broken') return undefined;
    const { error } = reply;
    const what = wordsOf(reply);
    switch (error.code) {
      case 'session_ended':
        return { kind: 'session_ended' };
      case 'runtime_restarted':
      case 'epoch_mismatch':
        epoch = Number(error.details.epoch);
        return { kind: 'refused' };
      case 'step_not_found':
        return isTaken ? { kind: 'missing', what } : undefined;
      case 'misdirected':
        return { kind: 'foreign', what };
      default:
        return isPassing(error.code) ? undefined : { kind: 'unexpected', what };
    }
  }

  async function settle(): Promise<Outcome> {
    const endsAt = Date.now() + limitMs;
    while (Date.now() < endsAt && !stop.aborted) {
      const outcome = isTaken ? await ask() : await submit();
      if (outcome) return outcome;
      if (plan.isCancelled && isTaken) await cancel();
      if (!hasEnded) await delay(pauseMs);
    }
    return { kind: 'missing', what: `nothing was learnt of it in ${limitMs / 1000} s` };
  }

  const outcome = await settle().catch((error): Outcome => {
    if (error instanceof MalformedAnswer) return { kind: 'unexpected', what: error.message };
    throw error;
  });
  return { outcome, seqs, heard: hasEnded ? heard : undefined, epoch };
}
