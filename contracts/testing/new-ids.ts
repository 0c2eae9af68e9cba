import { createIds, type InstanceId, type SessionId, type StepId } from '../ids.ts';

let nowMs: number | undefined;
const ids = createIds({ now: () => nowMs ?? Date.now() });

/** Ids for tests that need a fresh one of their own. @param atMs Unix time; now, where it is left out. */
export function newSessionId(atMs?: number): SessionId {
  nowMs = atMs;
  return ids.sessionId();
}

export function newStepId(): StepId {
  nowMs = undefined;
  return ids.stepId();
}

export function newInstanceId(): InstanceId {
  nowMs = undefined;
  return ids.instanceId();
}
