import type { IncomingMessage, RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Ids } from '@steppe/contracts/ids';
import { whyTooManyHeaders } from './header-limits.ts';
import { type Refusal, refuseRequest } from './malformed-request.ts';

/**
 * Refuses requests that Node accepts but that another server on their way may read differently: it
 * would be ambiguous where one request ends and the next begins, or which host it is for (RFC 9112,
 * sections 3.2 and 6.1). Also refuses requests with too many or too large headers. Requests behind
 * a refused one on its connection are ignored.
 */
export function guardAgainstSmuggling(ids: Ids, next: RequestListener): RequestListener {
  const refused = new WeakSet<Duplex>();
  return (incoming, outgoing) => {
    const { socket } = incoming;
    if (refused.has(socket)) return;
    const refusal = whyTooManyHeaders(incoming) ?? ambiguityOf(incoming);
    if (!refusal) return next(incoming, outgoing);
    refused.add(socket);
    refuseRequest(incoming, outgoing, ids, refusal);
  };
}

function ambiguityOf(incoming: IncomingMessage): Refusal | undefined {
  const message = explainAmbiguity(incoming);
  return message === undefined ? undefined : { status: 400, message };
}

function explainAmbiguity({
  httpVersion,
  url,
  headers,
  rawHeaders,
}: IncomingMessage): string | undefined {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return 'the only supported transfer-encoding is chunked';
  if (coding !== undefined && httpVersion !== '1.1') return 'transfer-encoding needs HTTP/1.1';
  if (!headers.host && httpVersion !== '1.0') return 'the request names no Host';
  if (countOfHosts(rawHeaders) > 1) return 'the request names more than one Host';
  // `*` is refused with the other targets that do not form a URL.
  if (url !== '*' && !url?.startsWith('/'))
    return 'the target must be a path: this server is not a proxy';
  return undefined;
}

function countOfHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}
