import type { RequestListener } from 'node:http';
import { listen } from '../http/server/http-server.ts';
import { raise, runDetached } from '../process/connection-owner.ts';
import { guardProcess } from '../process/lifecycle.ts';
import { createLogger } from '../process/logger.ts';
import { realParts } from './real-parts.ts';

/**
 * A process with a server that fails in every way that no handler catches; prints its port, and
 * then its log.
 */
const logger = createLogger({ service: 'failing', level: 'info' });
guardProcess({ logger, exit: (code) => process.exit(code) });

const fail = (): never => {
  throw new Error('unexpected');
};
const app: RequestListener = (incoming, outgoing) => {
  switch (incoming.url) {
    case '/text':
      return void outgoing.end('whole');
    case '/timer':
      return void setTimeout(fail, 1);
    case '/rejection':
      return void setTimeout(async () => fail(), 1);
    case '/response':
      return void outgoing.once('close', fail).destroy();
    case '/request':
      return void incoming.once('close', fail).destroy();
    case '/socket':
      return void incoming.socket.once('close', fail).destroy();
    case '/error':
      return void outgoing.emit('error', new Error('no listener'));
    case '/raised':
      return raise(new Error('unexpected'));
    case '/detached':
      runDetached(async () => fail());
      return void outgoing.end('begun');
    case '/detached-timer':
      runDetached(() => setTimeout(fail, 1));
      return void outgoing.end('begun');
  }
};
const { port } = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
logger.info({ port }, 'listening');
