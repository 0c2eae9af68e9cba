import type { Ids } from '@steppe/contracts/ids';
import { openInstancesDirectory } from '@steppe/control-plane/provisioner/local-process/instance-directory';
import { createLocalProcessProvisioner } from '@steppe/control-plane/provisioner/local-process/local-process-provisioner';
import type { LocalRuntime } from '@steppe/control-plane/provisioner/local-process/local-runtime';
import type { SessionProvisioner } from '@steppe/control-plane/provisioner/session-provisioner';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import { agentBundle, hostVariables, type RunConfig } from './config.ts';
import { instancesPath } from './instances-path.ts';
import type { SigningKey } from './signing-key.ts';

/** Starts agents and supervisors from the bundles in the directory of this one. */
export async function createProvisioner(
  config: RunConfig,
  runtimes: readonly LocalRuntime[],
  controlPlaneKey: SigningKey,
  dataPlaneKey: SigningKey,
  { clock, ids, logger }: { clock: Clock; ids: Ids; logger: Logger },
): Promise<SessionProvisioner> {
  const instancesDirectory = instancesPath(config.TMPDIR, `steppe-${ids.uuid().slice(0, 13)}`);
  await openInstancesDirectory(instancesDirectory);
  return createLocalProcessProvisioner({
    agentBundle,
    runtimes,
    publicKeys: () => ({
      'control-plane': controlPlaneKey.publicSet,
      'data-plane': dataPlaneKey.publicSet,
    }),
    hostVariables: hostVariables(),
    instancesDirectory,
    clock,
    ids,
    agentLogLevel: config.LOG_LEVEL,
    logger,
  });
}
