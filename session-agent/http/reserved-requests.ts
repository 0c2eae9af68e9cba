import type { IncomingMessage } from 'node:http';

/** Matches the raw target before routing; a target that routes elsewhere is rejected later. */
const cancelOfStep = /^\/v1\/sessions\/[^/?]+\/steps\/[^/?]+\/cancel(?:\?|$)/;

/**
 * Requests that get a connection even if readers of events hold all others: a cancel ends what
 * those readers wait for, and the control-plane must always have access. All of them are short.
 */
export const isReserved = ({
  method,
  url = '',
}: Pick<IncomingMessage, 'method' | 'url'>): boolean =>
  url.startsWith('/internal/') || (method === 'POST' && cancelOfStep.test(url));
