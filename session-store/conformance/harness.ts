import type { SessionId } from '@steppe/contracts/ids';
import type { SessionStore } from '../ports.ts';

export interface OpenStore {
  store: SessionStore;
  /** Corrupts the row behind the store's back, so that its schema refuses it. */
  spoil(sessionId: SessionId): Promise<void>;
  /** Reads the row's TTL attribute behind the store's back. */
  purgeAt(sessionId: SessionId): Promise<number | undefined>;
  /**
   * Adds one attribute that only a newer version knows to the row and one to its `resources`,
   * behind the store's back.
   */
  addUnknown(sessionId: SessionId): Promise<void>;
  /** Reads those attributes of the row behind the store's back. */
  unknownOf(sessionId: SessionId): Promise<unknown[]>;
  close(): Promise<void>;
}

export interface SessionStoreHarness {
  open(): Promise<OpenStore>;
}
