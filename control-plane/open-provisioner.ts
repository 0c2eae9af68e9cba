import type { KubernetesConfig } from './provisioner/kubernetes/kubernetes-config.ts';
import type { LocalProcessConfig } from './provisioner/local-process/local-process-config.ts';
import type {
  Complaints,
  OpenedProvisioner,
  ProvisionerParts,
} from './provisioner/opened-provisioner.ts';

/** The configuration of one provisioner; `kind` selects the adapter. */
export type ProvisionerConfig = LocalProcessConfig | KubernetesConfig;

/**
 * Opens the configured provisioner, or returns everything that is wrong with its configuration.
 * This is the one place that knows the adapters, and it loads only the configured one.
 */
export async function openProvisioner(
  config: ProvisionerConfig,
  parts: ProvisionerParts,
): Promise<OpenedProvisioner | Complaints> {
  switch (config.kind) {
    case 'local-process': {
      const local = await import('./provisioner/local-process/open-local-process.ts');
      return local.openLocalProcess(config, parts);
    }
    case 'kubernetes': {
      const kubernetes = await import('./provisioner/kubernetes/open-kubernetes.ts');
      return kubernetes.openKubernetes(config, parts);
    }
  }
}
