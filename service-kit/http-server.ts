import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Hono } from 'hono';
import { refuseAmbiguousRequests } from './ambiguous-request.ts';
import { createConnectionLimit } from './connection-limit.ts';
import { ownConnections, raise } from './connection-owner.ts';
import { discardUnreadBodies } from './discard-unread-bodies.ts';
import type { HttpEnv } from './http-env.ts';
import { answerBadTarget, answerMalformedRequests } from './malformed-request.ts';
import { takeOneAtATime } from './one-at-a-time.ts';
import { type OpenConnections, trackConnections } from './open-connections.ts';

interface ListenOptions {
  app: Hono<HttpEnv>;
  host: string;
  /** 0 takes a free one. */
  port: number;
  keepAliveTimeoutMs?: number;
  maxHeaderBytes?: number;
  /** Requests on connections beyond so many are refused; of twice as many none is accepted. */
  maxConnections?: number;
  /** Requests that are taken on those connections all the same. */
  isReserved?: (incoming: IncomingMessage) => boolean;
  /** A connection on which nothing moves for so long is closed; unset: never, but for the time between two requests. */
  inactivityMs?: number;
}

export interface HttpServer {
  port: number;
  /** Accepts nothing more, lets what runs finish for `limitMs`, then cuts it off. */
  close(limitMs: number): Promise<void>;
}

/** After the answer, for a client that reads it late. */
const unreadBodyLimitMs = 10_000;

/** @throws the system's error, with its `code`, where the address cannot be listened on. */
export async function listen({ app, host, port, ...limits }: ListenOptions): Promise<HttpServer> {
  const { keepAliveTimeoutMs = 65_000, maxHeaderBytes = 16 * 1024, maxConnections: max, isReserved, inactivityMs = 0 } = limits;
  const answer = getRequestListener(
    (request, env) => (request.method === 'HEAD' ? answerHead(app, request, env as HttpBindings) : app.fetch(request, env)),
    // HTTP/1.0 knows no Host, and health checks still speak it.
    { errorHandler: answerBadTarget, autoCleanupIncoming: false, hostname: 'unnamed' },
  );
  const options = {
    // A file of gigabytes may take its time; a client that dawdles over its headers may not.
    requestTimeout: 0,
    headersTimeout: 10_000,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: maxHeaderBytes,
    // A peer that vanished without a word is noticed by the system, also while nothing is sent.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // Refused in our words instead of Node's.
    requireHostHeader: false,
  };
  const crowd = max === undefined ? undefined : createConnectionLimit({ max, isReserved });
  const admit = refuseAmbiguousRequests((incoming, outgoing) => {
    answer(incoming, outgoing).catch(raise);
  });
  const server = createServer(
    options,
    takeOneAtATime((incoming, outgoing) => {
      if (!crowd?.refuse(incoming, outgoing)) admit(incoming, outgoing);
    }),
  );
  ownConnections(server);
  // Node drops further ones without a word: header-limits.ts refuses them.
  server.maxHeadersCount = 0;
  server.setTimeout(inactivityMs);
  crowd?.watch(server);
  answerMalformedRequests(server, maxHeaderBytes);
  discardUnreadBodies(server, unreadBodyLimitMs);
  const connections = trackConnections(server);
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const close = (limitMs: number) => {
    connections.sayGoodbye();
    return closeServer(server, connections, limitMs);
  };
  return { port: address.port, close };
}

/** Hono copies the answer to a HEAD, and in the copy is lost that a handler has used Node's own response. */
async function answerHead(app: Hono<HttpEnv>, request: Request, env: HttpBindings): Promise<Response> {
  const answer = await app.fetch(request, env);
  return env.outgoing.headersSent ? RESPONSE_ALREADY_SENT : answer;
}

async function closeServer(server: Server, connections: OpenConnections, limitMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // An answer that ends now leaves a connection idle, which nothing else would close before its keep-alive ends.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => connections.cut(), limitMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
