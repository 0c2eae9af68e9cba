import { createIds } from '@steppe/contracts/ids';
import { promptMs } from '../vigil/keep-vigil.ts';
import type { Client } from './open-client.ts';

interface FileVersion {
  content: string;
  etag: string;
}

/** A session as its client knows it. */
export class ClientSession {
  readonly client: Client;
  readonly id: string;
  /** The name that its client gave it. */
  readonly label: string;
  epoch = 1;
  /** When the epoch was learnt, in ms of Unix time. */
  lastEpochMs: number;
  /** A restart whose response was lost may have moved it on, or may still do so. */
  isEpochOpen = false;
  isOver = false;
  /** The content and the entity tag of each path, as last known. */
  readonly versions = new Map<string, FileVersion>();
  /** What a path had before. */
  readonly outdated = new Map<string, FileVersion>();
  readonly nextStepId: () => string;

  constructor(client: Client, id: string, label: string) {
    this.client = client;
    this.id = id;
    this.label = label;
    this.lastEpochMs = client.clock.now();
    const { next: random } = client.random;
    this.nextStepId = createIds(client.clock, { random, uuid: () => '', nonce: () => '' }).stepId;
  }

  learnEpoch(epoch: number): void {
    // A restart that is still on its way names the epoch that it ends.
    if (epoch > this.epoch) this.isEpochOpen = false;
    this.epoch = Math.max(this.epoch, epoch);
    this.lastEpochMs = this.client.clock.now();
  }

  /** A response said that it has ended. Its place in the quota may be released a little later. */
  end(): void {
    this.isOver = true;
    const { clock, mayBeLive } = this.client;
    clock.after(promptMs, () => mayBeLive.delete(this.id));
  }
}
