import { AppError } from '@steppe/service-kit/http/app-error';
import type { Instance } from '../../provisioner/session-provisioner.ts';
import { retry } from '../retry.ts';
import type { CreateOutcome } from '../session-metrics.ts';
import type { SessionServices } from '../session-services.ts';
import {
  asFailed,
  causeOf,
  type TerminalRecord,
  type TerminationCause,
} from '../termination/cause.ts';
import { writeTermination } from '../termination/record.ts';
import { errorCodeOf } from '../to-app-error.ts';
import { createFailure, isExplained } from './create-failure.ts';
import { findCause } from './find-cause.ts';
import type { SessionPlan } from './plan-session.ts';

type RollbackServices = Pick<
  SessionServices,
  'store' | 'provisioner' | 'metrics' | 'logger' | 'clock'
>;

/** Retries of one step of a rollback. Few: the client waits for the rollback. */
export const rollbackDelaysMs = [50, 200];

/**
 * `in_doubt`: the write of the row has begun, and its outcome is unknown. `ready_in_doubt`: that of
 * the ready row.
 */
export type RowState = 'none' | 'in_doubt' | 'written' | 'ready_in_doubt';

/** What a create has done before it failed. */
export interface FailedAttempt {
  plan: SessionPlan;
  row: RowState;
  /** Claimed or started, and not ended yet. The last one was in use. */
  instances: readonly Instance[];
  releaseKey: () => Promise<void>;
  /** What it failed with. */
  error: unknown;
}

/**
 * Compensates everything that a create may have done, including calls that threw. Never throws:
 * what cannot be compensated is logged, and the row leads the reconciler to it.
 * @returns the outcome of the create for its metric, and the error for its caller.
 */
export async function rollbackCreate(
  services: RollbackServices,
  attempt: FailedAttempt,
): Promise<{ outcome: CreateOutcome; error: unknown }> {
  const { error, plan } = attempt;
  if (isRefused(error)) {
    await compensate(services, attempt, 'idempotency key', attempt.releaseKey);
    return { outcome: errorCodeOf(error), error };
  }
  // The cause is read before the instance is ended, because that would become the recorded cause.
  const found = await findCause(services, error, attempt.instances.at(-1)?.instanceId);
  const terminal = await compensateAll(services, attempt, found);
  logRollback(services, attempt, { cause: found, terminal });
  if (!isExplained(error)) return { outcome: errorCodeOf(error), error };
  // The writer that made the row terminal knows the cause. The create only sees the terminal row.
  const cause = terminal ? causeOf(terminal) : asFailed(found);
  return { outcome: cause.reason, error: createFailure(plan.sessionId, cause, error) };
}

/** @returns the terminal row, if there is one. */
async function compensateAll(
  services: RollbackServices,
  attempt: FailedAttempt,
  cause: TerminationCause,
): Promise<TerminalRecord | null> {
  const { store, provisioner } = services;
  const { sessionId, record } = attempt.plan;
  const unwritten = attempt.row === 'in_doubt' ? { unwritten: record } : {};
  // The row is written first, so that a notification of the instance's end finds it recorded.
  const written = await compensate(services, attempt, 'row', () =>
    writeTermination(services, { sessionId, cause, ...unwritten }),
  );
  // What may be a ready session keeps all it has: it can be used, deleted, and it ends when idle.
  if (!written && attempt.row === 'ready_in_doubt') return null;
  await Promise.all([
    // A row that may still be live keeps its place in the quota: its termination releases both.
    written &&
      compensate(services, attempt, 'quota', () => store.removeLive(record.tenant_id, sessionId)),
    compensate(services, attempt, 'idempotency key', attempt.releaseKey),
    ...attempt.instances.map(({ instanceId }) =>
      compensate(services, attempt, 'instance', () => provisioner.end(instanceId)),
    ),
  ]);
  return written?.terminal ?? null;
}

async function compensate<T>(
  { clock, logger }: RollbackServices,
  attempt: FailedAttempt,
  what: string,
  action: () => Promise<T>,
): Promise<T | null> {
  try {
    return await retry(action, { clock, delaysMs: rollbackDelaysMs });
  } catch (err) {
    logger.error({ ...fieldsOf(attempt), err, what }, 'could not roll back a create');
    return null;
  }
}

interface Rollback {
  cause: TerminationCause;
  terminal: TerminalRecord | null;
}

function logRollback(
  { logger }: RollbackServices,
  attempt: FailedAttempt,
  { cause, terminal }: Rollback,
): void {
  if (!terminal) return;
  const { end_reason, end_detail } = terminal;
  const fields = { ...fieldsOf(attempt), err: attempt.error };
  // The row has only a shortened detail, so the log has all of it.
  const { reason, detail } = cause;
  logger.info(
    { ...fields, end_reason, end_detail, reason: { reason, detail } },
    'create rolled back',
  );
  if (!isExplained(attempt.error)) logger.error(fields, 'create failed with an internal error');
}

const fieldsOf = ({ plan, instances }: FailedAttempt) => ({
  session_id: plan.sessionId,
  instance_id: instances.at(-1)?.instanceId,
});

/**
 * If the quota is full, nothing was done except that the key was claimed. Such refusals come in
 * large numbers and must be cheap.
 */
const isRefused = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'quota_exceeded';
