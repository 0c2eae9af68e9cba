import type { SessionStore } from '@steppe/session-store/ports';
import type { StartCounts } from './count-starts.ts';

/** Control-planes that are killed and started again, and a data-plane in front of them. */
export interface SoakCluster {
  /** The data-plane. */
  url: string;
  store: SessionStore;
  instances: SoakInstances;
  /** Sessions that a tenant may have. */
  quota: number;
  /** Instances that are kept warm. */
  warmInstances: number;
  tokenFor(tenant: string): Promise<string>;
  /** Kills a control-plane; resolves when it was started again and is ready. */
  restartControlPlane(): Promise<void>;
  /** The starts of sessions so far, including those that the killed control-planes had counted. */
  starts(): Promise<StartCounts>;
  /** Stops what would start further instances; the store continues. Harmless twice. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** The instances as the machine or the cluster shows them, not the control-plane. */
export interface SoakInstances {
  /** The ids of those that exist. */
  present(): Promise<ReadonlySet<string>>;
  /** Kills the agent of an instance, if it runs. */
  killAgent(instanceId: string): void;
  /** What is left after `stop` although nothing should be: counts, by what is counted. */
  leaked(): Promise<Readonly<Record<string, number>>>;
}
