import type { Ids } from '@steppe/contracts/ids';
import type { Network } from '@steppe/service-kit/http/network';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Logger } from '@steppe/service-kit/process/logger';
import type { Registry } from 'prom-client';
import type { SessionRuntime } from '../runtimes/session-runtime.ts';
import type { SessionProvisioner } from './session-provisioner.ts';

/** What every adapter is opened with, besides its configuration. */
export interface ProvisionerParts {
  network: Network;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  registry: Registry;
}

export interface OpenedProvisioner {
  provisioner: SessionProvisioner;
  /** The runtimes that it starts, as the use cases see them. */
  runtimes: readonly SessionRuntime[];
  /** Finds what the operator should know about runtimes that cannot start; may take seconds. */
  findWarnings(): Promise<string[]>;
}

/** One line for each problem, beginning with the name of a variable. */
export interface Complaints {
  complaints: string[];
}
