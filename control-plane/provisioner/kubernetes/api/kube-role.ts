import type { KubeEvents, KubePods, KubeServices } from './kube-api.ts';

/** Each method of the port needs the verb of its name; a missing or a needless one fails to compile. */
type VerbsOf<Resource> = { [Verb in keyof Resource]: true };

const pods: VerbsOf<KubePods> = {
  get: true,
  list: true,
  watch: true,
  create: true,
  patch: true,
  delete: true,
};
const services: VerbsOf<KubeServices> = { get: true, list: true, create: true, delete: true };
const events: VerbsOf<KubeEvents> = { create: true, patch: true };

/** The rules of the Role that the control-plane needs in the sessions' namespace, and all of them. */
export const kubeRoleRules = Object.entries({ pods, services, events }).map(
  ([resource, verbs]) => ({
    apiGroups: [''],
    resources: [resource],
    verbs: Object.keys(verbs),
  }),
);
