import type { SessionId } from '@steppe/contracts/ids';
import type { Language, Session } from '@steppe/contracts/session';
import type { Run } from './history/history.ts';
import type { LiveSessions } from './live-sessions.ts';

/** A session that faults can target. */
export interface ChaosSession {
  id: SessionId;
  close(): Promise<void>;
}

/** The targets of the faults. */
export interface Victims<S extends ChaosSession> {
  live: LiveSessions<S>;
  random: () => number;
}

/** Injects a fault and resolves when the fault has ended; false if there was no target. */
export type Fault<S extends ChaosSession> = (victims: Victims<S>) => Promise<boolean>;

/** Faults that are injected one at a time, and at the same time as those of other groups. */
export interface FaultGroup<S extends ChaosSession> {
  faults: Readonly<Record<string, Fault<S>>>;
  /** The pause between the end of one fault and the start of the next. */
  pauseMs: number;
}

/** Running services, the faults that they can have, and what is known of them from outside. */
export interface ChaosCluster<S extends ChaosSession = ChaosSession> {
  /** Each call goes to a random one. */
  urls: readonly string[];
  sessionsAtOnce: Readonly<Record<Language, number>>;
  faultGroups: readonly FaultGroup<S>[];
  tokenFor(tenant: string): Promise<string>;
  /** The file in which the steps of a session record that they ran, as the session sees it. */
  runsFileOf(name: string): string;
  /**
   * Must be called before the first call to the session.
   * @throws Error if it has ended
   */
  adopt(session: Session): Promise<S>;
  /** What all steps have recorded. Can be called once. */
  runs(): Run[];
  /** Services that exited by themselves, and unexpected errors in their logs. */
  failures(): Promise<string[]>;
  /** What still exists after the last session should have ended. */
  leftovers(): Promise<string[]>;
  /** Idempotent. */
  close(): Promise<void>;
}
