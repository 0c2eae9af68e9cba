import type { IncomingMessage } from 'node:http';

/**
 * The raw target: a request is checked before anything routes it, and one that is not what it looks
 * like is refused later.
 */
const cancelOfStep = /^\/v1\/sessions\/[^/?]+\/steps\/[^/?]+\/cancel(?:\?|$)/;

/**
 * Requests that get a connection however many readers of events hold theirs: they end what the
 * readers wait for, or are the control-plane's. All of them are short.
 */
export const isReserved = ({
  method,
  url = '',
}: Pick<IncomingMessage, 'method' | 'url'>): boolean =>
  url.startsWith('/internal/') || (method === 'POST' && cancelOfStep.test(url));
