import type { IncomingMessage } from 'node:http';

/** True for a request that announces a body that is not empty, or whose length is not known yet. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
