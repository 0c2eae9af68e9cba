import type { KubeConfig } from '@kubernetes/client-node';
import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import * as z from 'zod';
import type { KubeApi, KubeEvents, KubePods } from '../kube-api.ts';
import { podSchema, serviceSchema } from '../kube-objects.ts';
import { type CallLimits, createKubeCaller, type KubeCaller } from './call-kube-api.ts';
import { createKubeConnection, type KubeConnection } from './kube-connection.ts';
import { createKubeCredentials, type KubeCredentials } from './kube-credentials.ts';
import { createKubeResource, labelSelector } from './kube-resource.ts';
import { watchPods } from './watch-pods.ts';

export interface ClientKubeApiOptions {
  /** Called at the start, and again after the API server has refused the credentials. */
  load: () => KubeConfig;
  namespace: string;
  clock: Clock;
  ids: Pick<Ids, 'random'>;
  /** A watch takes one of them; requests that find none free queue within their time limit. */
  maxConnections?: number;
}

const limits: CallLimits = { attemptMs: 10_000, callMs: 30_000, backoffMs: [100, 3_000] };

/**
 * A real API server. client-node reads the configuration and provides the credentials; requests
 * pass through connections of our own (kube-connection.ts says why).
 * @throws what `load` throws.
 */
export function createClientKubeApi({
  load,
  maxConnections = 32,
  ...options
}: ClientKubeApiOptions): KubeApi {
  const server = load().getCurrentCluster()?.server;
  if (!server) throw new Error('the Kubernetes configuration names no API server');
  const connection = createKubeConnection({ server, maxConnections, connectTimeoutMs: 3_000 });
  const credentials = createKubeCredentials({ load, clock: options.clock });
  return createConnectedKubeApi({ ...options, connection, credentials });
}

interface ConnectedKubeApiOptions
  extends Pick<ClientKubeApiOptions, 'namespace' | 'clock' | 'ids'> {
  connection: KubeConnection;
  credentials: KubeCredentials;
}

/** What speaks to an API server at the other end of `connection`, which it closes. */
export function createConnectedKubeApi({
  connection,
  credentials,
  namespace,
  clock,
  ids,
}: ConnectedKubeApiOptions): KubeApi {
  const caller = createKubeCaller({ connection, credentials, limits, clock, ids });
  return {
    namespace,
    pods: createPods(caller, namespace),
    services: createKubeResource(caller, {
      plural: 'services',
      kind: 'Service',
      namespace,
      schema: serviceSchema,
    }),
    events: createEvents(caller, namespace),
    close: () => connection.close(),
  };
}

function createPods(caller: KubeCaller, namespace: string): KubePods {
  const options = { plural: 'pods', kind: 'Pod', namespace, schema: podSchema } as const;
  const pods = createKubeResource(caller, options);
  return {
    ...pods,
    watch({ labels, resourceVersion, timeoutSeconds, signal }) {
      const path = pods.path({
        watch: 'true',
        allowWatchBookmarks: 'true',
        labelSelector: labelSelector(labels),
        resourceVersion,
        timeoutSeconds: String(timeoutSeconds),
      });
      return watchPods(caller, path, signal);
    },
  };
}

function createEvents(caller: KubeCaller, namespace: string): KubeEvents {
  const options = { plural: 'events', kind: 'Event', namespace, schema: z.unknown() } as const;
  const events = createKubeResource(caller, options);
  return {
    async create({ involvedObject, ...manifest }, call) {
      const inNamespace = { ...manifest, involvedObject: { namespace, ...involvedObject } };
      await events.create(inNamespace, call);
    },
    async patch(name, patch, call) {
      await events.patch(name, patch, call);
    },
  };
}
