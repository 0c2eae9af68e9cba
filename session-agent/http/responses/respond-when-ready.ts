import type { ServerResponse } from 'node:http';
import { limits } from '@steppe/contracts/limits';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { RawJson } from '../../protocol/raw-json.ts';

export interface PendingResponse {
  clock: Clock;
  ready: Promise<unknown>;
  /** Makes the response; it may throw an AppError as long as nothing `hasBegun`. */
  body: (hasBegun: boolean) => RawJson;
}

/**
 * Responds with JSON when `ready` resolves. After five seconds of waiting it sends the status and
 * the headers, and then a space every five seconds: white space before JSON is JSON, and it keeps
 * the proxies on the way from giving up.
 */
export async function respondWhenReady(
  outgoing: ServerResponse,
  { clock, ready, body }: PendingResponse,
): Promise<void> {
  outgoing.setHeader('Content-Type', 'application/json');
  const stopKeepalive = clock.every(limits.keepaliveMs, () => outgoing.write(' '));
  const closed = new Promise<void>((resolve) => outgoing.once('close', resolve));
  try {
    await Promise.race([ready, closed]);
  } catch (error) {
    // A status that was sent cannot be taken back. Clients do not take a cut-off response for one.
    if (outgoing.headersSent) outgoing.destroy();
    else throw error;
  } finally {
    stopKeepalive();
  }
  if (outgoing.destroyed) return;
  const text = body(outgoing.headersSent);
  if (!outgoing.headersSent) outgoing.setHeader('Content-Length', Buffer.byteLength(text));
  outgoing.end(text);
}
