import type { SessionId } from '@steppe/contracts/ids';
import type { SessionRecord } from '@steppe/contracts/session-record';

/** What the table has, as last written. */
export interface TableView {
  readonly rows: ReadonlyMap<string, SessionRecord>;
  /** The ids that count against each tenant's quota. */
  readonly liveSets: ReadonlyMap<string, readonly string[]>;
  /** The session that each stored idempotency key stands for, by the key of its item. */
  readonly keys: ReadonlyMap<string, SessionId>;
}

/** An instance that exists, whatever is known of it. */
export interface PodView {
  instanceId: string;
  /** Undefined while it belongs to a pool. */
  sessionId: string | undefined;
  /** Whoever started it has not handed it over. */
  isStarting: boolean;
  isReady: boolean;
}

/** The bounds within which the product heals what it left unfinished, as it was configured. */
interface HealingTimes {
  provisioningMs: number;
  graceMs: number;
  intervalMs: number;
  leaseMs: number;
}

/** The truth about the system at a moment, which no part of the product has. */
export interface WorldView {
  table: TableView;
  pods(): PodView[];
  /** The names of the services whose pod does not exist. */
  strayServices(): string[];
  /** How many instances without a session there should be. */
  poolSize: number;
  times: HealingTimes;
}
