import { defaultPodSettings } from '@steppe/control-plane/provisioner/kubernetes/pod-settings';

/** What all pods of a simulation have in common. */
export const podTemplate = {
  agentImage: 'localhost/agent:1',
  publicKeysConfigMap: 'keys',
  settings: defaultPodSettings,
  agentVariables: {},
  runtimeVariables: {},
  preload: undefined,
  logLevel: 'info',
};
