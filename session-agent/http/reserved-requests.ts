import type { IncomingMessage } from 'node:http';

/** Matches the raw target, before routing; a target that routes elsewhere is refused later. */
const cancelOfStep = /^\/v1\/sessions\/[^/?]+\/steps\/[^/?]+\/cancel(?:\?|$)/;

/**
 * Requests that get a connection even when readers of events hold all others: cancels end what
 * those readers wait for, and the control-plane must get through. All of them are short.
 */
export const isReserved = ({
  method,
  url = '',
}: Pick<IncomingMessage, 'method' | 'url'>): boolean =>
  url.startsWith('/internal/') || (method === 'POST' && cancelOfStep.test(url));
