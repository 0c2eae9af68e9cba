import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fakeStatus } from '@steppe/control-plane/provisioner/kubernetes/api/testing/fake-objects';
import type { ScheduledEvent, SimulatedProcess } from '../../kernel/kernel.ts';
import { parseSelector } from './api-server.ts';
import type { ClusterParts } from './cluster-parts.ts';
import { type Change, matches } from './cluster-state.ts';

/** Probabilities for each change that a watch would send, and for the start of a watch. */
export interface WatchFaults {
  /** The connection breaks. */
  watchBroken: number;
  /** The change and all that follow are sent seconds later. */
  watchLate: number;
  /** The connection stays open, and nothing is sent any more. */
  watchSilent: number;
  /** The API server no longer has the version from which a watch starts. */
  historyLost: number;
}

const bookmarkMs = 60_000;

/** The body of a response. */
export class ResponseBody extends Readable {
  /** @param whole the whole body; without it, `push` adds what the network delivers. */
  constructor(whole?: string) {
    super({ read() {} });
    if (whole !== undefined) {
      this.push(whole);
      this.push(null);
    }
    // A body that fails before anybody reads it must not end this Node process.
    this.on('error', () => {});
  }

  text(): Promise<string> {
    return text(this);
  }

  async dump(): Promise<void> {
    await text(this);
  }
}

interface WatchOptions extends ClusterParts {
  /** That reads the watch. */
  process: SimulatedProcess;
  query: URLSearchParams;
}

/** The response of one watch of pods. */
export function openWatch({ kernel, random, state, process, query, strikes }: WatchOptions) {
  const body = new ResponseBody();
  const labels = parseSelector(query.get('labelSelector'));
  const from = Number(query.get('resourceVersion'));
  let isSilent = false;
  let lastAtMs = kernel.nowMs;

  /** In the order of the calls, however long each takes. */
  const send = (latencyMs: number, act: () => void) => {
    if (isSilent) return;
    lastAtMs = Math.max(lastAtMs, kernel.nowMs + latencyMs);
    kernel.schedule(lastAtMs - kernel.nowMs, process, 'kube watch', () => body.destroyed || act());
  };
  const sendLine = (latencyMs: number, type: string, object: object) =>
    send(latencyMs, () => body.push(`${JSON.stringify({ type, object })}\n`));
  const sendChange = (change: Change) => {
    const event = toEvent(change, labels);
    if (!event || isSilent) return;
    if (strikes('watchSilent')) isSilent = true;
    if (strikes('watchBroken')) send(0, () => body.destroy(new Error('read ECONNRESET')));
    const latencyMs = strikes('watchLate') ? random.between(500, 30_000) : random.between(1, 30);
    sendLine(latencyMs, event.type, event.object);
  };

  if (from < state.oldestVersion || strikes('historyLost')) {
    sendLine(1, 'ERROR', fakeStatus(410, 'Expired', `too old resource version: ${from}`));
    send(1, () => body.push(null));
    return body;
  }
  for (const change of state.changesSince(from)) sendChange(change);
  const unsubscribe = state.subscribe(sendChange);
  let bookmark: ScheduledEvent | undefined;
  const sendBookmarks = () => {
    bookmark = kernel.schedule(bookmarkMs, kernel.world, 'kube bookmark', () => {
      sendLine(1, 'BOOKMARK', { metadata: { resourceVersion: String(state.version) } });
      sendBookmarks();
    });
  };
  sendBookmarks();
  const timeoutMs = Number(query.get('timeoutSeconds')) * 1000;
  const end = kernel.schedule(timeoutMs, kernel.world, 'kube watch ends', () => {
    unsubscribe();
    send(1, () => body.push(null));
  });
  const stop = () => {
    unsubscribe();
    bookmark?.cancel();
    end.cancel();
  };
  const forget = process.onKill(stop);
  body.once('close', () => {
    stop();
    forget();
  });
  return body;
}

/** What a watch of pods with these labels sees of a change. */
function toEvent({ version, before, after }: Change, labels: Record<string, string>) {
  const was = before?.kind === 'Pod' && matches(before.metadata.labels, labels);
  const is = after?.kind === 'Pod' && matches(after.metadata.labels, labels);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: after };
  if (!was) return null;
  const metadata = { ...before.metadata, resourceVersion: String(version) };
  return { type: 'DELETED', object: { ...before, metadata } };
}
