import { type StepEvent, stepResultSchema } from '@steppe/contracts/step';
import { type Clock, systemClock } from '@steppe/service-kit/process/clock';
import type { Outcome } from '../history/history.ts';
import { type ApiCaller, type ApiResponse, isPassing, type Reply, wordsOf } from './api-caller.ts';
import { readEvents, type StreamForm } from './read-events.ts';
import { MalformedResponseError, readResponse } from './read-response.ts';

export interface StepPlan {
  stepId: string;
  code: string;
  /** `later` submits without waiting and follows the events. */
  form: 'application/json' | StreamForm | 'later';
  /** Sent with the request if set. */
  epoch?: number;
  isCancelled: boolean;
  timeoutMs?: number;
  /** The first attempt is delivered twice at the same time. */
  isSentTwice?: boolean;
  /** How long to try; by default 90 s. */
  limitMs?: number;
}

export interface SettledStep {
  outcome: Outcome;
  seqs: number[];
  /** The output in the events; undefined if the last event never arrived. */
  received: string | undefined;
  /** The spool no longer held some of the output: events told of that in its place. */
  hasDrops: boolean;
  /** The epoch of the interpreter in the last response. */
  epoch: number | undefined;
}

const defaultLimitMs = 90_000;
/** Between two attempts; doubled each time. */
const [shortestPauseMs, longestPauseMs] = [50, 1_000];

/**
 * Sends a step and retries until its outcome is known, whatever breaks in the meantime. Never sends
 * another step in its place.
 */
export async function settleStep(
  api: ApiCaller,
  sessionId: string,
  plan: StepPlan,
  stop: AbortSignal,
  clock: Pick<Clock, 'now' | 'sleep'> = systemClock,
): Promise<SettledStep> {
  const steps = `/v1/sessions/${sessionId}/steps`;
  const seqs: number[] = [];
  /** The instance confirmed that it has the step. */
  let isTaken = false;
  let hasEnded = false;
  let hasDrops = false;
  let isSent = false;
  let received = '';
  let epoch: number | undefined;

  async function submit(): Promise<Outcome | undefined> {
    const { code, form, stepId } = plan;
    const body = {
      code,
      step_id: stepId,
      ...(plan.epoch && { epoch: plan.epoch }),
      ...(plan.timeoutMs && { timeout_ms: plan.timeoutMs }),
      ...(form === 'later' && { wait: false }),
    };
    const headers = form === 'later' ? {} : { accept: form };
    const send = () => api.call({ method: 'POST', path: steps, body, headers });
    const twin = plan.isSentTwice && !isSent ? send() : undefined;
    isSent = true;
    const reply = await preferResponse(await send(), await twin);
    if (reply.kind !== 'response') return classify(reply);
    isTaken = true;
    if (plan.isCancelled) await cancel();
    if (form === 'application/json') return endedBy(reply.response);
    if (form === 'later') return skip(reply.response);
    return follow(reply.response, form);
  }

  async function queryStep(): Promise<Outcome | undefined> {
    if (hasEnded || plan.form === 'application/json') {
      const reply = await api.call({ method: 'GET', path: `${steps}/${plan.stepId}` });
      return reply.kind === 'response' ? endedBy(reply.response) : classify(reply);
    }
    const form = plan.form === 'later' ? 'text/event-stream' : plan.form;
    const last = seqs.at(-1) ?? 0;
    const headers = {
      accept: form,
      ...(form === 'text/event-stream' && { 'last-event-id': String(last) }),
    };
    const query = form === 'text/event-stream' ? '' : `?after=${last}`;
    const reply = await api.call({
      method: 'GET',
      path: `${steps}/${plan.stepId}/events${query}`,
      headers,
    });
    return reply.kind === 'response' ? follow(reply.response, form) : classify(reply);
  }

  async function follow(response: ApiResponse, form: StreamForm): Promise<undefined> {
    try {
      for await (const event of readEvents(response, form)) {
        // One event stands for all that it reports as dropped, whether they were read before or not.
        const next = (seqs.at(-1) ?? 0) + 1;
        const first = firstDropped(event, next);
        for (let seq = Math.max(next, first); seq < event.seq; seq += 1) seqs.push(seq);
        hasDrops ||= event.type === 'output_dropped';
        seqs.push(event.seq);
        if (event.type === 'stdout') received += event.text;
        hasEnded ||= event.type === 'step_ended';
      }
    } catch (error) {
      // The stream broke off; the events so far count.
      if (error instanceof MalformedResponseError) throw error;
    }
  }

  async function skip(response: ApiResponse): Promise<undefined> {
    await response.text().catch(() => '');
  }

  async function endedBy(response: ApiResponse): Promise<Outcome | undefined> {
    const result = await readResponse(response, stepResultSchema);
    if (!result || result.status === 'queued' || result.status === 'running') return undefined;
    epoch = result.epoch;
    return { kind: 'ended', result };
  }

  /** If the call breaks, the next attempt cancels again. */
  async function cancel(): Promise<void> {
    const reply = await api.call({ method: 'POST', path: `${steps}/${plan.stepId}/cancel` });
    if (reply.kind === 'response') await skip(reply.response);
  }

  /** @returns undefined if a retry may succeed. */
  function classify(reply: Exclude<Reply, { kind: 'response' }>): Outcome | undefined {
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
        return isPassing(error) ? undefined : { kind: 'unexpected', what };
    }
  }

  async function settle(): Promise<Outcome> {
    const { limitMs = defaultLimitMs } = plan;
    const endsAt = clock.now() + limitMs;
    let pauseMs = shortestPauseMs;
    while (clock.now() < endsAt && !stop.aborted) {
      const hadEnded = hasEnded;
      const outcome = isTaken ? await queryStep() : await submit();
      if (outcome) return outcome;
      if (plan.isCancelled && isTaken) await cancel();
      // The result of a step is there as soon as its events tell of its end.
      if (hasEnded && !hadEnded) continue;
      await clock.sleep(pauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
    return { kind: 'missing', what: `nothing was learnt of it in ${limitMs / 1000} s` };
  }

  const outcome = await settle().catch((error): Outcome => {
    if (error instanceof MalformedResponseError) return { kind: 'unexpected', what: error.message };
    throw error;
  });
  return { outcome, seqs, received: hasEnded ? received : undefined, hasDrops, epoch };
}

/** Of two replies to one step, the one to follow; the body of the other is read to its end. */
async function preferResponse(reply: Reply, twin: Reply | undefined): Promise<Reply> {
  if (twin?.kind !== 'response') return reply;
  if (reply.kind !== 'response') return twin;
  await twin.response.text().catch(() => '');
  return reply;
}

/**
 * The first event that this one stands for: its own seq, unless it reports a loss. That of
 * background output does not say where it begins, and stands for all since the event before it.
 */
function firstDropped(event: StepEvent, next: number): number {
  if (event.type === 'output_dropped') return event.first_seq;
  return event.type === 'background_dropped' ? next : event.seq;
}
