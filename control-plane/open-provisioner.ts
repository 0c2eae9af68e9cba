import type { LocalProcessConfig } from './provisioner/local-process/local-process-config.ts';
import type {
  Complaints,
  OpenedProvisioner,
  ProvisionerParts,
} from './provisioner/opened-provisioner.ts';

/** The configuration of one provisioner; `kind` selects the adapter. */
export type ProvisionerConfig = LocalProcessConfig;

/**
 * Opens the configured provisioner, or returns everything that is wrong with its configuration.
 * This is the one place that knows the adapters, and it loads only the configured one.
 */
export async function openProvisioner(
  config: ProvisionerConfig,
  parts: ProvisionerParts,
): Promise<OpenedProvisioner | Complaints> {
  const { openLocalProcess } = await import('./provisioner/local-process/open-local-process.ts');
  return openLocalProcess(config, parts);
}
