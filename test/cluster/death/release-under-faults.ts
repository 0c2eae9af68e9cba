import type { InstanceId } from '@steppe/contracts/ids';
import { type Session, sessionSchema } from '@steppe/contracts/session';
import { podName } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-labels';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { expect } from 'vitest';
import type { Client } from '../../support/api/client.ts';
import { kubectlRead } from '../harness/commands.ts';
import type { Release } from '../harness/release.ts';
import { podsAndServicesNamed, podsOfSession } from '../support/named-objects.ts';

/** A tenant has one session, so that another create shows that the quota was released. */
export const valuesUnderFaults = {
  limits: { sessionsPerTenant: 1, provisioningSeconds: 15 },
  controlPlane: {
    env: {
      RECONCILE_INTERVAL_SECONDS: '1',
      RECONCILE_LEASE_SECONDS: '3',
      RECONCILE_GRACE_SECONDS: '2',
    },
  },
};

/** Longer than the eviction manager's interval, and than the back-off of a killed container. */
export const boundMs = 90_000;

export function instanceOf({ session_id, instance_id: id }: Session): InstanceId {
  if (!id) throw new Error(`${session_id} has no instance`);
  return id;
}

export const podOf = (session: Session): string => podName(instanceOf(session));

export async function readSession(client: Client, id: string): Promise<Session> {
  const response = await client.call('GET', `/v1/sessions/${id}`);
  return sessionSchema.parse(await response.json());
}

export const untilState = (
  client: Client,
  id: string,
  state: string,
  withinMs = boundMs,
): Promise<Session> =>
  eventually(async () => {
    const session = await readSession(client, id);
    expect(session.state).toBe(state);
    return session;
  }, withinMs);

/** Waits until no pod, no service, no live row and no quota of the session is left. */
export async function expectNothingLeft(
  { sessionsNamespace }: Release,
  client: Client,
  session: Session,
): Promise<void> {
  await eventually(async () => {
    expect(await podsOfSession(sessionsNamespace, session.session_id)).toEqual([]);
    // A create that failed early has none.
    if (session.instance_id)
      expect(await podsAndServicesNamed(sessionsNamespace, podOf(session))).toEqual([]);
  }, boundMs);
  const next = await eventually(() => client.createSession(), boundMs);
  expect((await client.run(next.session_id, '6 * 7')).status).toBe('completed');
  expect((await client.call('DELETE', `/v1/sessions/${next.session_id}`)).status).toBe(204);
}

/** The name of the pod of a component that is ready. */
export const podOfComponent = ({ namespace }: Release, component: string): Promise<string> =>
  kubectlRead(
    namespace,
    ['pods', '--selector', `app.kubernetes.io/component=${component}`],
    '{.items[0].metadata.name}',
  );
