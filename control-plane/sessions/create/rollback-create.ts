import type { InstanceId } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import { retry } from '../retry.ts';
import type { SessionServices } from '../session-services.ts';
import type { TerminalRecord, TerminationCause } from '../termination/cause.ts';
import { writeTermination } from '../termination/record.ts';
import type { BindProgress } from './bind-instance.ts';
import { isExplained } from './create-failure.ts';
import type { SessionPlan } from './plan-session.ts';

interface Rollback {
  row: BindProgress['row'];
  instanceIds: readonly InstanceId[];
  /** What the create failed with. */
  error: unknown;
  /** What the row is to say about that. */
  cause: TerminationCause;
  releaseKey: () => Promise<void>;
}

/** A busy store is retried; the client waits for this, so not for long. */
const delaysMs = [50, 200];

/**
 * Rolls back whatever a create may have done, including calls that threw. Never throws: what it
 * could not roll back is logged, and the row leads to it. Gives the row as it is in the end, if
 * there is one.
 */
export async function rollbackCreate(
  services: SessionServices,
  plan: SessionPlan,
  rollback: Rollback,
): Promise<TerminalRecord | null> {
  const { store, provisioner, metrics, now } = services;
  const { sessionId, record } = plan;
  const { error: err, cause } = rollback;
  const logger = services.logger.child({
    session_id: sessionId,
    instance_id: rollback.instanceIds.at(-1),
  });
  const attempt = async <T>(what: string, operation: () => Promise<T>): Promise<T | null> => {
    try {
      return await retry(operation, delaysMs);
    } catch (err) {
      logger.error({ err, what }, 'could not roll back a create');
      return null;
    }
  };
  if (isRefused(rollback.error)) {
    await attempt('idempotency key', rollback.releaseKey);
    return null;
  }
  // The row comes first, so that a notification of the instance's end finds it recorded.
  const unwritten = rollback.row === 'in_doubt' ? { unwritten: record } : {};
  const row = await attempt('row', () =>
    writeTermination({ store, metrics, now, sessionId, cause, ...unwritten }),
  );
  const terminal = row?.terminal ?? null;
  await Promise.all([
    // A row that may still be live keeps its place in the quota; whoever ends it frees that too.
    row && attempt('quota', () => store.removeLive(record.tenant_id, sessionId)),
    attempt('idempotency key', rollback.releaseKey),
    ...rollback.instanceIds.map((instanceId) =>
      attempt('instance', () => provisioner.end(instanceId)),
    ),
  ]);
  if (!terminal) return terminal;
  // The whole of it, which the row has not.
  const { reason, detail } = cause;
  logger.info(
    {
      err,
      end_reason: terminal.end_reason,
      end_detail: terminal.end_detail,
      reason: { reason, detail },
    },
    'create rolled back',
  );
  if (!isExplained(err)) logger.error({ err }, 'create failed with an internal error');
  return terminal;
}

/**
 * A full quota says for certain that nothing was done but for the key; refusals come in floods and
 * must be cheap.
 */
const isRefused = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'quota_exceeded';
