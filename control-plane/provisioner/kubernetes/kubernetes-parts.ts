import type { Ids } from '@steppe/contracts/ids';
import type { Network } from '@steppe/service-kit/http/network';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { KubeApi } from './api/kube-api.ts';
import type { PodInformer } from './api/pod-informer.ts';
import type { PodEvents } from './pod-events.ts';

/** What the operations on pods share. */
export interface KubernetesParts {
  api: KubeApi;
  informer: PodInformer;
  events: PodEvents;
  network: Network;
  clock: Clock;
  ids: Ids;
  logger: Logger;
}
