import type { EndedReason } from '@steppe/contracts/end-reason';
import { watchSilenceMs } from '@steppe/control-plane/provisioner/kubernetes/api/pod-informer';
import type { Kernel } from '../../kernel/kernel.ts';
import type { RandomStream } from '../../kernel/random-stream.ts';
import type { RequestFaults } from './api-connection.ts';
import type { ClusterState } from './cluster-state.ts';
import type { StartContainer } from './container.ts';
import type { KubeletFaults } from './kubelets.ts';
import type { RouteFaults } from './service-routes.ts';
import type { WatchFaults } from './watch.ts';

/** Probabilities. */
export type KubernetesFaults = RequestFaults & WatchFaults & KubeletFaults & RouteFaults;

export const noFaults: KubernetesFaults = {
  unreachable: 0,
  refused: 0,
  broken: 0,
  responseLost: 0,
  late: 0,
  watchBroken: 0,
  watchLate: 0,
  watchSilent: 0,
  historyLost: 0,
  unschedulable: 0,
  pullFailed: 0,
  startCrashed: 0,
  routeLate: 0,
};

/** How long each fault hinders the product, in ms: until the request or the watch is tried again. */
export const hindersMs: Readonly<Record<keyof KubernetesFaults, number>> = {
  unreachable: 3_000,
  refused: 3_000,
  broken: 3_000,
  responseLost: 3_000,
  late: 45_000,
  watchBroken: 5_000,
  watchLate: 30_000,
  watchSilent: watchSilenceMs + 5_000,
  historyLost: 5_000,
  unschedulable: 20_000,
  pullFailed: 10_000,
  startCrashed: 3_000,
  routeLate: 15_000,
};

export interface ClusterOptions {
  faults: KubernetesFaults;
  onFault: (kind: string, hindersMs: number) => void;
  /** Awaited by a caller before its request is sent and after it has the response. */
  moment: (what: string) => Promise<void>;
  startContainer: StartContainer;
  /** Gets once what really ended the pod of that name, when its object says so. */
  onPodEnd: (name: string, reason: EndedReason) => void;
  /** The ResourceQuota of the namespace; absent for none. */
  maxPods?: number | undefined;
}

/** What the parts of the model share. */
export interface ClusterParts extends ClusterOptions {
  kernel: Kernel;
  state: ClusterState;
  /** Of all latencies. */
  random: RandomStream;
  /** Calls `onFault` and returns true with the probability of that fault. */
  strikes(fault: keyof KubernetesFaults): boolean;
}
