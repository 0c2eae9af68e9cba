import type { Clock } from '@steppe/service-kit/process/clock';
import { runDetached } from '@steppe/service-kit/process/connection-owner';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { KubeApi } from './api/kube-api.ts';
import { isKubeApiError } from './api/kube-api-error.ts';
import type { Pod } from './api/kube-objects.ts';

/** What an operator should know of a pod that may be gone when the operator looks. */
export type PodEventReason = 'StartFailed' | 'InstanceLost' | 'InstanceFailed';

/** Records events, which `kubectl get events` shows. Never fails; what cannot be sent is logged. */
export interface PodEvents {
  warn(pod: Pod, reason: PodEventReason, message: string): void;
}

const component = 'steppe-control-plane';
const longestMessage = 1_024;

interface PodEventsOptions {
  api: KubeApi;
  clock: Pick<Clock, 'now'>;
  logger: Logger;
}

export function createPodEvents({ api, clock, logger }: PodEventsOptions): PodEvents {
  const record = async ({ metadata }: Pod, reason: PodEventReason, message: string) => {
    const name = `${metadata.name}.${reason.toLowerCase()}`;
    const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
    const manifest = {
      metadata: { name },
      involvedObject: {
        apiVersion: 'v1' as const,
        kind: 'Pod' as const,
        name: metadata.name,
        uid: metadata.uid,
      },
      type: 'Warning' as const,
      reason,
      message: message.slice(0, longestMessage),
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      source: { component },
      reportingComponent: component,
    };
    try {
      await api.events.create(manifest);
    } catch (error) {
      // Another control-plane has told it; the event says so.
      if (!isKubeApiError(error, 'already_exists')) throw error;
      await api.events.patch(name, { count: 2, lastTimestamp: now });
    }
  };
  return {
    warn(pod, reason, message) {
      runDetached(() =>
        record(pod, reason, message).catch((err: unknown) =>
          logger.debug({ err, pod: pod.metadata.name, reason }, 'event not recorded'),
        ),
      );
    },
  };
}
