import { afterAll, afterEach, beforeEach, expect, inject, type ProvidedContext } from 'vitest';
import type { Client } from './api/client.ts';
import { connectTenant, newTenant, signToken } from './api/issuer.ts';
import type { ReleaseAddress, SharedAddress, Target, TargetInstance } from './api/target.ts';
import { findInstance, processInstance } from './processes/instance.ts';
import { useLocal } from './processes/use-local.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Set where the tests run against a release in a cluster. */
    release: ReleaseAddress;
    /** Set where they run against services of this machine that all files share. */
    services: SharedAddress;
  }
}

/** Undefined for what no setup has provided. */
const provided = <K extends 'release' | 'services'>(key: K) =>
  inject(key) as ProvidedContext[K] | undefined;

/** What the tests of a file call: services that all files share, or else a local mode of their own. */
export const useTarget = (): (() => Target) => {
  const release = provided('release');
  if (release) return useShared(release, (id) => podInstance(release.sessionsNamespace, id));
  const services = provided('services');
  return services ? useShared(services, processInstance) : useLocal();
};

/**
 * The services that all files share. A node holds few sessions, so those of a test are deleted after
 * it, beside the next one, and those of the file at the end.
 */
function useShared({ url, issuerKey }: SharedAddress, instance: Target['instance']): () => Target {
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
    instance,
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
