import type { ServerResponse } from 'node:http';
import { limits } from '@steppe/contracts/limits';
import type { RawJson } from '../../protocol/raw-json.ts';

/**
 * Responds with JSON when `ready` resolves. One still waiting after five seconds has its status and
 * headers sent, and then a space every five seconds: white space before JSON is JSON, and no proxy
 * on the way gives up.
 * @param body makes the response; it may throw an AppError as long as nothing `hasBegun`.
 */
export async function respondWhenReady(
  outgoing: ServerResponse,
  ready: Promise<unknown>,
  body: (hasBegun: boolean) => RawJson,
): Promise<void> {
  outgoing.setHeader('Content-Type', 'application/json');
  const keepalive = setInterval(() => outgoing.write(' '), limits.keepaliveMs);
  const left = new Promise<void>((resolve) => outgoing.once('close', resolve));
  try {
    await Promise.race([ready, left]);
  } catch (error) {
    // A status that was sent cannot be taken back: a response that is cut off is not taken for one.
    if (outgoing.headersSent) outgoing.destroy();
    else throw error;
  } finally {
    clearInterval(keepalive);
  }
  if (outgoing.destroyed) return;
  const text = body(outgoing.headersSent);
  if (!outgoing.headersSent) outgoing.setHeader('Content-Length', Buffer.byteLength(text));
  outgoing.end(text);
}
