import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Language, sessionSchema } from '@steppe/contracts/session';
import { newStepId } from '@steppe/contracts/testing/new-ids';
import type { ChaosCluster, ChaosSession } from '../chaos-cluster.ts';
import type { StepRecord } from '../history/history.ts';
import type { LiveSessions } from '../live-sessions.ts';
import { type ApiCaller, createApiCaller, isPassing, wordsOf } from './api-caller.ts';
import { MalformedResponseError, readResponse } from './read-response.ts';
import { restartSession } from './restart-session.ts';
import { type StepPlan, settleStep } from './settle-step.ts';
import { outputOf, type StepShape, sessionEnv, writeStep } from './step-programs.ts';

interface Drive<S extends ChaosSession> {
  cluster: ChaosCluster<S>;
  language: Language;
  random: () => number;
  history: StepRecord[];
  /** Responses to calls other than steps that the contract does not explain. */
  surprises: string[];
  live: LiveSessions<S>;
  /** No new step begins after this aborts. */
  over: AbortSignal;
  /** After this aborts, pending steps are not settled either. */
  stop: AbortSignal;
}

/** Fewer than an instance remembers, so that each step can still be requested. */
const stepsPerSession = 200;

/** Runs one session after another, and settles each step before it sends the next. */
export async function driveSessions<S extends ChaosSession>(drive: Drive<S>): Promise<void> {
  const { cluster, random, over, surprises } = drive;
  const { urls } = cluster;
  while (!over.aborted) {
    const api = createApiCaller({ urls, token: await cluster.tokenFor('chaos'), random });
    await driveSession(drive, api).catch((error) => {
      if (!(error instanceof MalformedResponseError)) throw error;
      surprises.push(error.message);
    });
  }
}

async function driveSession<S extends ChaosSession>(
  drive: Drive<S>,
  api: ApiCaller,
): Promise<void> {
  const { live, surprises, stop } = drive;
  const name = randomUUID();
  const session = await createSession(drive, api, name);
  if (!session) return;
  live.add(session);
  try {
    const isOver = await driveSteps(drive, api, session, name);
    if (isOver && !live.isDoomed(session))
      surprises.push(`${session.id} has ended, and nobody has harmed its agent`);
    if (!stop.aborted) await api.call({ method: 'DELETE', path: `/v1/sessions/${session.id}` });
  } finally {
    live.remove(session);
    await session.close();
  }
}

/** @returns undefined if this attempt created no session. */
async function createSession<S extends ChaosSession>(
  { cluster, language, surprises }: Drive<S>,
  api: ApiCaller,
  name: string,
): Promise<S | undefined> {
  // If the response is lost, nobody uses the session: its idle timeout has to end it.
  const body = {
    runtime: language,
    env: sessionEnv(name, cluster.runsFileOf(name)),
    idle_timeout_seconds: 60,
  };
  const reply = await api.call({ method: 'POST', path: '/v1/sessions', body, limitMs: 20_000 });
  const created =
    reply.kind === 'response' ? await readResponse(reply.response, sessionSchema) : undefined;
  // It may have ended already.
  const session = created && (await cluster.adopt(created).catch(() => undefined));
  if (session) return session;
  if (reply.kind === 'refusal' && !isPassing(reply.error))
    surprises.push(`a create: ${wordsOf(reply)}`);
  await delay(100);
  return undefined;
}

/** @returns whether a response reported that the session has ended. */
async function driveSteps<S extends ChaosSession>(
  drive: Drive<S>,
  api: ApiCaller,
  session: S,
  name: string,
): Promise<boolean> {
  const { random, history, language, live, over, stop, surprises } = drive;
  let reportedEpoch = 1;
  for (let count = 0; count < stepsPerSession && !over.aborted; count++) {
    const stepId = newStepId();
    const requested = live.takeRequest(session);
    const { shape, ...plan } = planStep(random, requested?.shape);
    const code = writeStep(language, shape, name, stepId);
    const epoch = random() < 0.5 ? { epoch: reportedEpoch } : {};
    const { epoch: next, ...settled } = await settleStep(
      api,
      session.id,
      { ...plan, ...epoch, stepId, code },
      stop,
    );
    requested?.settled(settled.outcome);
    if (stop.aborted) return false;
    const output = outputOf(shape, stepId);
    history.push({
      session: name,
      sessionId: session.id,
      stepId,
      reportedEpoch,
      output,
      ...settled,
    });
    if (settled.outcome.kind === 'session_ended') return true;
    reportedEpoch = Math.max(reportedEpoch, next ?? 1);
    if (random() >= 0.01) continue;
    const restarted = await restartSession(api, session.id, reportedEpoch, stop);
    if (restarted.kind === 'session_ended') return true;
    if (restarted.kind === 'unexpected') {
      surprises.push(restarted.what);
      return false;
    }
    reportedEpoch = restarted.epoch;
  }
  return false;
}

const forms = ['application/json', 'application/x-ndjson', 'text/event-stream', 'later'] as const;

function planStep(
  random: () => number,
  requested: StepShape | undefined,
): Pick<StepPlan, 'form' | 'isCancelled'> & { shape: StepShape } {
  const form = forms[Math.floor(random() * forms.length)] ?? 'later';
  if (requested) return { form, shape: requested, isCancelled: false };
  const dice = random();
  if (dice < 0.01) return { form: 'later', shape: 'endless', isCancelled: true };
  return {
    form,
    shape: dice < 0.03 ? 'long' : dice < 0.15 ? 'chatty' : 'short',
    isCancelled: false,
  };
}
