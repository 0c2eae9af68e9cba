import type { InstanceId } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/app-error';
import type { BindProgress } from './bind-instance.ts';
import { isExplained } from './create-failure.ts';
import type { EndCause, OverRecord } from './end-cause.ts';
import type { SessionPlan } from './plan-session.ts';
import { writeEnd } from './record-end.ts';
import { retry } from './retry.ts';
import type { SessionServices } from './session-services.ts';

interface Undo {
  row: BindProgress['row'];
  instanceIds: readonly InstanceId[];
  /** What the create failed with. */
  error: unknown;
  /** What the row is to say about that. */
  cause: EndCause;
  releaseKey: () => Promise<void>;
}

/** A store that is busy is asked again; the client waits for this, so not for long. */
const delaysMs = [50, 200];

/**
 * Undoes whatever a create may have done, also what a call did that threw. Never throws: what it could not undo is logged,
 * and can be found from the row. Gives the row as it is in the end, if there is one.
 */
export async function undoCreate(services: SessionServices, plan: SessionPlan, undo: Undo): Promise<OverRecord | null> {
  const { store, provisioner, metrics, now } = services;
  const { sessionId, record } = plan;
  const { error: err, cause } = undo;
  const logger = services.logger.child({ session_id: sessionId, instance_id: undo.instanceIds.at(-1) });
  const attempt = async <T>(what: string, act: () => Promise<T>): Promise<T | null> => {
    try {
      return await retry(act, delaysMs);
    } catch (err) {
      logger.error({ err, what }, 'could not undo a create');
      return null;
    }
  };
  if (isRefused(undo.error)) {
    await attempt('idempotency key', undo.releaseKey);
    return null;
  }
  // The row comes first, so that what is told of the instance's end finds it recorded.
  const unwritten = undo.row === 'in_doubt' ? { unwritten: record } : {};
  const row = await attempt('row', () => writeEnd({ store, metrics, now, sessionId, cause, ...unwritten }));
  const over = row?.over ?? null;
  await Promise.all([
    // A row that may still be live keeps its place in the quota; whoever ends it frees that too.
    row && attempt('quota', () => store.removeLive(record.tenant_id, sessionId)),
    attempt('idempotency key', undo.releaseKey),
    ...undo.instanceIds.map((instanceId) => attempt('instance', () => provisioner.end(instanceId))),
  ]);
  if (!over) return over;
  // The whole of it, which the row has not.
  const { reason, detail } = cause;
  logger.info({ err, end_reason: over.end_reason, end_detail: over.end_detail, because: { reason, detail } }, 'create undone');
  if (!isExplained(err)) logger.error({ err }, 'a create failed on our side');
  return over;
}

/** A full quota says for certain that nothing was done but for the key; refusals come in floods, and shall cost little. */
const isRefused = (error: unknown): boolean => error instanceof AppError && error.code === 'quota_exceeded';
