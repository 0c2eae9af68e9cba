import type { ServerResponse } from 'node:http';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Context } from 'hono';
import type { RawJson } from '../../protocol/raw-json.ts';

/** Node's own response, for responses that are streamed. The agent runs only on Node. */
export function outgoingOf(c: Context<HttpEnv>): ServerResponse {
  const outgoing = c.env.outgoing;
  if (!outgoing || !('writeHead' in outgoing)) throw new TypeError('not served over HTTP/1');
  outgoing.setHeader('X-Request-Id', c.var.requestId);
  return outgoing as ServerResponse;
}

/** Like `c.json`, for text that is JSON already. */
export const sendJson = (c: Context<HttpEnv>, text: RawJson, status: 200 | 202): Response =>
  c.body(text, status, { 'Content-Type': 'application/json' });
