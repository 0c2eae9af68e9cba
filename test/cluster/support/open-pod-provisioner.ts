import { createIds } from '@steppe/contracts/ids';
import { createClientKubeApi } from '@steppe/control-plane/provisioner/kubernetes/api/client/client-kube-api';
import type { RouteAddress } from '@steppe/control-plane/provisioner/kubernetes/kubernetes-config';
import { connectProvisioner } from '@steppe/control-plane/provisioner/kubernetes/open-kubernetes';
import {
  defaultPodSettings,
  type PodSettings,
} from '@steppe/control-plane/provisioner/kubernetes/pod-settings';
import type { PodRuntime } from '@steppe/control-plane/provisioner/kubernetes/pods/pod-containers';
import type { SessionProvisioner } from '@steppe/control-plane/provisioner/session-provisioner';
import { createRegistry } from '@steppe/service-kit/http/http-metrics';
import { tcpNetwork } from '@steppe/service-kit/http/network';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { images } from './config.ts';
import { loadAdmin } from './namespaces.ts';
import { publicKeysConfigMap } from './session-namespace.ts';

interface PodProvisionerOptions {
  podRuntimes: readonly PodRuntime[];
  routeAddress?: RouteAddress;
  settings?: Partial<PodSettings>;
}

const logger = createLogger({ service: 'test', level: 'silent' });

/** Opens the provisioner of a control-plane whose session pods are in that namespace. */
export function openPodProvisioner(
  namespace: string,
  { podRuntimes, routeAddress = 'service', settings }: PodProvisionerOptions,
): SessionProvisioner {
  const ids = createIds(systemClock);
  const api = createClientKubeApi({ load: loadAdmin, namespace, clock: systemClock, ids });
  const template = {
    agentImage: images().agent,
    publicKeysConfigMap,
    settings: { ...defaultPodSettings, ...settings },
    agentVariables: {},
    runtimeVariables: {},
    preload: undefined,
    logLevel: 'info',
  };
  const config = { routeAddress, longestLifeMs: 3_600_000 };
  const registry = createRegistry('test');
  const parts = { network: tcpNetwork, clock: systemClock, ids, logger, registry };
  return connectProvisioner(api, { config, template, podRuntimes }, parts);
}
