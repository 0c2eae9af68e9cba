import type { SessionId } from '@steppe/contracts/ids';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import { newTenantId } from '@steppe/session-store/conformance/session-records';
import type { SessionRuntime } from '../../runtimes/session-runtime.ts';
import type {
  InstanceEnd,
  InstanceOwner,
  SessionProvisioner,
  StartRequest,
} from '../session-provisioner.ts';

/** What the suite needs to know of a runtime. */
export type StartableRuntime = Pick<SessionRuntime, 'name' | 'default_resources'>;

const neverAborted = new AbortController().signal;

export const newOwner = (sessionId: SessionId = newSessionId()): InstanceOwner => ({
  tenantId: newTenantId(),
  sessionId,
});

/** A request for version v1 with the defaults of the runtime; `given` overrides parts of it. */
export const startRequest = (
  { name, default_resources }: StartableRuntime,
  given: Partial<StartRequest> = {},
): StartRequest => ({
  runtime: name,
  resources: default_resources,
  version: 'v1',
  owner: newOwner(),
  signal: neverAborted,
  ...given,
});

/** Acknowledges every end and collects it. */
export function collectEnds(provisioner: SessionProvisioner): InstanceEnd[] {
  const ends: InstanceEnd[] = [];
  provisioner.watch(async (end) => void ends.push(end));
  return ends;
}
