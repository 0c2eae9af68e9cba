import type { SessionId } from '@steppe/contracts/ids';
import type { SessionStore } from '../ports.ts';

export interface OpenStore {
  store: SessionStore;
  /** Breaks the row behind the store's back, in a way that its schema refuses. */
  spoil(sessionId: SessionId): Promise<void>;
  /** What the row has as its TTL attribute, read behind the store's back. */
  purgeAt(sessionId: SessionId): Promise<number | undefined>;
  /**
   * Gives the row and its `resources` an attribute each that only a newer version knows, behind the
   * store's back.
   */
  addUnknown(sessionId: SessionId): Promise<void>;
  /** What the row has of those, read behind the store's back. */
  unknownOf(sessionId: SessionId): Promise<unknown[]>;
  close(): Promise<void>;
}

export interface SessionStoreHarness {
  open(): Promise<OpenStore>;
}
