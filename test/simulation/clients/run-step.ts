import { restartResponseSchema } from '@steppe/contracts/step';
import { readResponse } from '../../chaos/drive/read-response.ts';
import { type Restarted, restartSession } from '../../chaos/drive/restart-session.ts';
import { type SettledStep, type StepPlan, settleStep } from '../../chaos/drive/settle-step.ts';
import { fullSpool } from '../models/spool-files-model.ts';
import type { ClientSession } from './client-session.ts';
import { planStep } from './plan-step.ts';

const forms: readonly StepPlan['form'][] = [
  'application/json',
  'application/json',
  'text/event-stream',
  'application/x-ndjson',
  'later',
];
/** A container that was killed often is started again after six minutes. */
const settleLimitMs = 480_000;
const neverAborted = new AbortController().signal;

/**
 * Sends a step and learns its outcome, whatever breaks.
 * @param isAlone false if other steps run at the same time, so that any epoch may be the present one.
 */
export async function runStep(session: ClientSession, isAlone: boolean): Promise<void> {
  const { client, id, label } = session;
  const { random, history, name } = client;
  const stepId = session.nextStepId();
  const { code, output, hasOpenOutput, timeoutMs } = planStep(random, label, stepId);
  const form = random.pick(forms);
  const isCancelled = random.chance(timeoutMs ? 0.6 : 0.08);
  const namedEpoch = random.chance(0.3) ? session.epoch : undefined;
  const reportedEpoch = isAlone && !session.isEpochOpen ? session.epoch : Number.POSITIVE_INFINITY;
  const plan: StepPlan = {
    stepId,
    code,
    form,
    isCancelled,
    limitMs: settleLimitMs,
    isSentTwice: form === 'application/json' && random.chance(0.15),
    ...(namedEpoch && { epoch: namedEpoch }),
    ...(timeoutMs && { timeoutMs }),
  };
  if (random.chance(0.05)) await leaveAndComeBack(session, plan);
  const settled = await settleAmongFaults(session, plan);
  const { outcome, hasDrops } = settled;
  // Output is dropped only where the disk took none.
  const isExcused = hasDrops && history.counts.has(`runtime: ${fullSpool}`);
  const received = isExcused ? undefined : settled.received;
  history.steps.push({
    ...{ session: label, sessionId: id, stepId, tenant: name, reportedEpoch, namedEpoch },
    ...{ output, hasOpenOutput, isCancelled, isLong: timeoutMs !== undefined },
    ...{ outcome, seqs: settled.seqs, received },
  });
  const status = outcome.kind === 'ended' ? outcome.result.status : outcome.kind;
  history.tell(name, `${stepId} of ${id}: ${status}`);
  history.count(`step ${status}`);
  learnEpoch(session, settled, isAlone);
  if (outcome.kind === 'session_ended') session.end();
}

/** Tries again where the planes crash so often that nobody ends a session whose agent is gone. */
async function settleAmongFaults({ client, id }: ClientSession, plan: StepPlan) {
  const { clock, history } = client;
  for (let attemptsLeft = 3; ; attemptsLeft -= 1) {
    const sentMs = clock.now();
    const settled = await settleStep(client, id, plan, neverAborted, clock);
    const isExcused = !history.wasCalm(sentMs, clock.now(), ['process']);
    if (settled.outcome.kind !== 'missing' || !isExcused || attemptsLeft === 0) return settled;
  }
}

/** The client disconnects from a step that goes on, and sends the same one again. */
async function leaveAndComeBack({ client, id }: ClientSession, plan: StepPlan): Promise<void> {
  const { stepId, code, epoch, timeoutMs } = plan;
  const reply = await client.call({
    method: 'POST',
    path: `/v1/sessions/${id}/steps`,
    body: {
      code,
      step_id: stepId,
      ...(epoch && { epoch }),
      ...(timeoutMs && { timeout_ms: timeoutMs }),
    },
    limitMs: client.random.pick([5, 50, 500]),
  });
  if (reply.kind === 'response') await reply.response.text().catch(() => '');
}

function learnEpoch(session: ClientSession, { epoch }: SettledStep, isAlone: boolean): void {
  if (epoch === undefined) return;
  if (isAlone && epoch < session.epoch)
    session.client.history.violate(
      'epoch-kept',
      `${session.id} was at epoch ${session.epoch} and is at ${epoch}`,
    );
  if (isAlone) session.learnEpoch(epoch);
  else session.epoch = Math.max(session.epoch, epoch);
}

/** Names the epoch, or leaves it to the data-plane. */
export async function restart(session: ClientSession): Promise<void> {
  const { client, id } = session;
  if (client.random.chance(0.5)) {
    const { epoch } = session;
    const restarted = await restartFrom(session, epoch);
    if (restarted.kind !== 'epoch') return;
    moveTo(session, restarted);
    return client.random.chance(0.5) ? restartAgain(session, epoch) : undefined;
  }
  const path = `/v1/sessions/${id}/restart`;
  const reply = await client.call({ method: 'POST', path, body: {} });
  // It may have been carried out: a memory that was given up on purpose is not reported again.
  session.isEpochOpen = true;
  if (reply.kind === 'refusal' && reply.error.code === 'session_ended') session.end();
  if (reply.kind !== 'response') return;
  const restarted = await readResponse(reply.response, restartResponseSchema);
  if (restarted) moveTo(session, { epoch: restarted.epoch, isRefused: false });
}

async function restartFrom(session: ClientSession, epoch: number): Promise<Restarted> {
  const { client, id } = session;
  const time = { clock: client.clock, limitMs: settleLimitMs };
  const restarted = await restartSession(client, id, epoch, neverAborted, time);
  if (restarted.kind === 'session_ended') session.end();
  if (restarted.kind === 'unexpected') client.history.violate('late-response', restarted.what);
  return restarted;
}

/** As an attempt that comes late: the epoch that it names is over. */
async function restartAgain(session: ClientSession, ended: number): Promise<void> {
  const { client, id } = session;
  const restarted = await restartFrom(session, ended);
  if (restarted.kind !== 'epoch') return;
  const { epoch, isRefused } = restarted;
  // A data-plane whose first attempt broke takes the refusal of the next for its response.
  if (!isRefused && epoch !== ended + 1)
    client.history.violate(
      'epoch-kept',
      `a restart of ${id} at ${ended}, a past epoch, gave ${epoch}`,
    );
  session.learnEpoch(epoch);
}

/** @param restarted `isRefused`: other attempts, or losses of memory, may have moved it on too. */
function moveTo(session: ClientSession, restarted: { epoch: number; isRefused: boolean }): void {
  const { client, id, epoch: before, lastEpochMs } = session;
  const { history, clock } = client;
  const { epoch } = restarted;
  const isAlone = !restarted.isRefused && history.wasCalm(lastEpochMs, clock.now(), ['runtime']);
  if (epoch <= before || (isAlone && !session.isEpochOpen && epoch !== before + 1))
    history.violate('epoch-kept', `a restart of ${id} at epoch ${before} gave ${epoch}`);
  session.learnEpoch(epoch);
}
