import { afterAll, afterEach, beforeEach, expect, inject } from 'vitest';
import type { Client } from './api/client.ts';
import { connectTenant, newTenant, signToken } from './api/issuer.ts';
import type { ReleaseAddress, Target, TargetInstance } from './api/target.ts';
import { findInstance } from './processes/instance.ts';
import { useLocal } from './processes/use-local.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Set where the tests run against a release in a cluster. */
    release: ReleaseAddress;
  }
}

/** True if tests run against a release in a cluster, so that no part of a session is on this machine. */
const isInCluster = (): boolean => inject('release') !== undefined;

/** What the tests of a file call: the release of the cluster, or else a local mode of their own. */
export const useTarget = (): (() => Target) => (isInCluster() ? useShared() : useLocal());

/**
 * The release that all files share. A node holds few sessions, so those of a test are deleted after
 * it, beside the next one, and those of the file at the end.
 */
function useShared(): () => Target {
  const { url, issuerKey, sessionsNamespace } = inject('release');
  const ofFile: Created[] = [];
  let ofTest: Created[] | undefined;
  const deletions: Promise<unknown>[] = [];
  beforeEach(() => {
    ofTest = [];
  });
  afterEach(() => {
    deletions.push(deleteAll(ofTest ?? []));
    ofTest = undefined;
  });
  afterAll(async () => {
    await Promise.all([deleteAll(ofFile), ...deletions]);
  });
  const clientOf = async (tenant: string) => {
    const client: Client = await connectTenant(url, issuerKey, tenant, {
      expires: '1h',
      onResponse(method, path, { headers }) {
        const sessionId = headers.get('location')?.replace('/v1/sessions/', '');
        if (method === 'POST' && path === '/v1/sessions' && sessionId)
          (ofTest ?? ofFile).push({ client, sessionId });
      },
    });
    return client;
  };
  const target: Target = {
    url,
    clientOf,
    newClient: () => clientOf(newTenant()),
    sign: (options) => signToken(issuerKey, options),
    instance: (instanceId) => podInstance(sessionsNamespace, instanceId),
  };
  return () => target;
}

function podInstance(namespace: string, instanceId: string | null): TargetInstance {
  const name = `steppe-${instanceId?.replace('ins_', '')}`;
  return {
    // The processes of the cluster's pods are processes of this machine.
    killAgent: () => process.kill(findInstance(instanceId).agentPid, 'SIGKILL'),
    async expectGone() {
      const { podsAndServicesNamed } = await import('../cluster/support/named-objects.ts');
      expect(await podsAndServicesNamed(namespace, name)).toEqual([]);
    },
  };
}

interface Created {
  client: Client;
  sessionId: string;
}

const deleteAll = (created: Created[]) =>
  Promise.allSettled(
    created
      .splice(0)
      .map(({ client, sessionId }) => client.call('DELETE', `/v1/sessions/${sessionId}`)),
  );
