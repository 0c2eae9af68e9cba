import type { ServerResponse } from 'node:http';
import { limits } from '@steppe/contracts/limits';
import { type Call, respond } from '@steppe/service-kit/http/call';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { RawJson } from '../../protocol/raw-json.ts';

/** Like `respondJson`, for text that is JSON already. */
export const respondRawJson = (call: Call, text: RawJson, status: 200 | 202): void =>
  respond(call, status, { 'content-type': 'application/json' }, text);

export interface PendingResponse {
  clock: Clock;
  ready: Promise<unknown>;
  /** Creates the body; may throw an AppError unless the response `hasBegun`. */
  body: (hasBegun: boolean) => RawJson;
}

/**
 * Responds with JSON when `ready` resolves. After five seconds of waiting it sends the status and
 * the headers, and then a space every five seconds: white space before a JSON text is valid JSON,
 * and it keeps proxies in between from timing out.
 */
export async function respondWhenReady(
  outgoing: ServerResponse,
  { clock, ready, body }: PendingResponse,
): Promise<void> {
  outgoing.setHeader('Content-Type', 'application/json');
  const stopKeepalive = clock.every(limits.keepaliveMs, () => outgoing.write(' '));
  try {
    await new Promise<void>((resolve, reject) => {
      outgoing.once('close', resolve);
      ready.then(() => resolve(), reject);
    });
  } catch (error) {
    // A sent status cannot be changed. Clients do not mistake an aborted response for a complete
    // one.
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
