import type { InstanceId } from '@steppe/contracts/ids';
import { findEnd } from '../../provisioner/find-end.ts';
import type { InstanceEnd } from '../../provisioner/session-provisioner.ts';
import { AgentCallError } from '../agent-client.ts';
import type { SessionServices } from '../session-services.ts';
import type { TerminationCause } from '../termination/cause.ts';
import { CreateAbortedError, causeOfFailure } from './create-failure.ts';

/** How long a provisioner may need to notice the end of an agent that does not respond. */
export const lateEndMs = 2_000;

/**
 * Why a create failed. If the end of its instance may have caused the failure, and the provisioner
 * knows of the end or soon does, returns the cause of that end. Never throws.
 */
export async function findCause(
  { provisioner, logger, clock }: Pick<SessionServices, 'provisioner' | 'logger' | 'clock'>,
  error: unknown,
  instanceId: InstanceId | undefined,
): Promise<TerminationCause> {
  const cause = causeOfFailure(error);
  const waitMs = waitFor(error);
  if (!instanceId || waitMs === undefined) return cause;
  try {
    const end = await findEnd(provisioner, instanceId, { clock, waitMs });
    return end ? causeOfEnd(end) : cause;
  } catch (err) {
    logger.warn({ err, instance_id: instanceId }, 'termination reason of an instance unknown');
    return cause;
  }
}

/**
 * How long to wait for the end of the instance; undefined if an end would not explain the error.
 */
function waitFor(error: unknown): number | undefined {
  if (error instanceof AgentCallError) return error.isUnreachable ? lateEndMs : 0;
  if (
    error instanceof CreateAbortedError &&
    error.terminationCause.reason === 'provisioning_timeout'
  )
    return 0;
  return undefined;
}

/** The deletion of an instance does not mean that its session was deleted. */
function causeOfEnd({ reason, detail }: InstanceEnd): TerminationCause {
  if (reason === 'deleted')
    return { reason: 'crashed', detail: 'deleted: its instance was ended before it was bound' };
  return { reason, ...(detail && { detail }) };
}
