import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { newStepId } from '@steppe/contracts/ids';
import { type Language, sessionSchema } from '@steppe/contracts/session';
import type { ProxiedCluster } from '../embedded/faults/rig/proxied-cluster.ts';
import type { ProxiedSession } from '../embedded/faults/rig/proxied-session.ts';
import { type ApiCaller, createApiCaller } from './api-caller.ts';
import type { StepRecord } from './history.ts';
import type { LiveSessions } from './live-sessions.ts';
import { restartSession } from './restart-session.ts';
import { type StepPlan, settleStep } from './settle-step.ts';
import { type StepShape, sessionEnv, writeStep } from './step-programs.ts';

export interface Drive {
  cluster: ProxiedCluster;
  language: Language;
  random: () => number;
  /** Where steps write down that they ran. */
  runsDirectory: string;
  history: StepRecord[];
  live: LiveSessions;
  /** No new step after it. */
  over: AbortSignal;
  /** Nothing is settled after it either. */
  stop: AbortSignal;
}

/** Fewer than an instance remembers: each can still be asked for. */
const stepsPerSession = 200;

/** Runs one session after the other, each step settled before the next is sent. */
export async function driveSessions(drive: Drive): Promise<void> {
  const { cluster, random, over, live } = drive;
  const urls = cluster.replicas.map(({ proxy }) => proxy.url);
  while (!over.aborted) {
    const name = randomUUID();
    const api = createApiCaller({ urls, token: await cluster.services.tokenFor('chaos'), random });
    const session = await createSession(drive, api, name);
    if (!session) continue;
    live.add(session);
    await driveSteps(drive, api, session, name);
    live.remove(session);
    await api.call({ method: 'DELETE', path: `/v1/sessions/${session.id}` });
    await session.close();
  }
}

/** @returns undefined where none could be had this time. */
async function createSession({ cluster, language, runsDirectory }: Drive, api: ApiCaller, name: string) {
  // One whose answer never came is used by nobody, and must not stay.
  const body = { runtime: language, env: sessionEnv(name, join(runsDirectory, name)), idle_timeout_seconds: 60 };
  const reply = await api.call({ method: 'POST', path: '/v1/sessions', body, limitMs: 20_000 });
  try {
    if (reply.kind === 'answer') return await cluster.adopt(sessionSchema.parse(await reply.answer.json()));
  } catch {
    // The answer broke off, or the session has ended already.
  }
  await delay(100);
  return undefined;
}

async function driveSteps(drive: Drive, api: ApiCaller, session: ProxiedSession, name: string): Promise<void> {
  const { random, history, language, over, stop } = drive;
  let toldEpoch = 1;
  for (let count = 0; count < stepsPerSession && !over.aborted; count++) {
    const stepId = newStepId();
    const { shape, ...plan } = planStep(random);
    const code = writeStep(language, shape, name, stepId);
    const epoch = random() < 0.5 ? { epoch: toldEpoch } : {};
    const { outcome, seqs, epoch: next } = await settleStep(api, session.id, { ...plan, ...epoch, stepId, code }, stop);
    if (stop.aborted) return;
    history.push({ session: name, sessionId: session.id, stepId, toldEpoch, seqs, outcome });
    if (outcome.kind === 'session_ended') return;
    toldEpoch = Math.max(toldEpoch, next ?? 1);
    if (random() >= 0.01) continue;
    const restarted = await restartSession(api, session.id, toldEpoch, stop);
    if (restarted === undefined) return;
    toldEpoch = restarted;
  }
}

const forms = ['application/json', 'application/x-ndjson', 'text/event-stream', 'later'] as const;

function planStep(random: () => number): Pick<StepPlan, 'form' | 'isCancelled'> & { shape: StepShape } {
  const form = forms[Math.floor(random() * forms.length)] ?? 'later';
  const dice = random();
  if (dice < 0.01) return { form: 'later', shape: 'endless', isCancelled: true };
  return { form, shape: dice < 0.03 ? 'long' : dice < 0.15 ? 'chatty' : 'short', isCancelled: false };
}
