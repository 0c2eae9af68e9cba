import { openPublicKeys } from '@steppe/service-kit/auth/internal-token/key-directory';
import { openAll } from '@steppe/service-kit/config/load-config';
import type { Complaints, OpenedProvisioner, ProvisionerParts } from '../opened-provisioner.ts';
import { openInstancesDirectory } from './instance-directory.ts';
import type { LocalProcessConfig } from './local-process-config.ts';
import { createLocalProcessProvisioner } from './local-process-provisioner.ts';
import { complaintsAboutModules } from './missing-modules.ts';
import { prepareRuntimes } from './prepare-runtimes.ts';

/** Opens the provisioner whose instances are processes of this machine. */
export async function openLocalProcess(
  config: LocalProcessConfig,
  parts: ProvisionerParts,
): Promise<OpenedProvisioner | Complaints> {
  const { agentBundle, hostVariables, instancesDirectory } = config;
  const prepared = await prepareRuntimes(config);
  const opened = await openAll({
    PUBLIC_KEYS_DIR: openPublicKeys(config.publicKeysDirectory, parts.logger, parts.clock),
    INSTANCES_DIR: openInstancesDirectory(instancesDirectory),
  });
  if ('complaints' in prepared || 'complaints' in opened) {
    const failed = [prepared, opened].filter((result) => 'complaints' in result);
    return { complaints: failed.flatMap(({ complaints }) => complaints) };
  }
  const { runtimes, localRuntimes } = prepared;
  const provisioner = createLocalProcessProvisioner({
    ...parts,
    agentBundle,
    hostVariables,
    instancesDirectory,
    runtimes: localRuntimes,
    publicKeys: opened.PUBLIC_KEYS_DIR,
    agentLogLevel: config.logLevel,
  });
  return { provisioner, runtimes, findWarnings: () => complaintsAboutModules(localRuntimes) };
}
