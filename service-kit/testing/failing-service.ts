import { Hono } from 'hono';
import type { HttpEnv } from '../http/http-env.ts';
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
const never = () => new Promise<Response>(() => {});

const app = new Hono<HttpEnv>()
  .get('/text', (c) => c.text('whole'))
  .get('/never', never)
  .get('/timer', () => {
    setTimeout(fail, 1);
    return never();
  })
  .get('/rejection', () => {
    setTimeout(async () => fail(), 1);
    return never();
  })
  .get('/response', (c) => {
    c.env.outgoing?.once('close', fail);
    c.env.outgoing?.destroy();
    return never();
  })
  .get('/request', (c) => {
    c.env.incoming?.once('close', fail);
    c.env.incoming?.destroy();
    return never();
  })
  .get('/socket', (c) => {
    c.env.incoming?.socket.once('close', fail).destroy();
    return never();
  })
  .get('/error', (c) => {
    c.env.outgoing?.emit('error', new Error('no listener'));
    return never();
  })
  .get('/raised', () => {
    raise(new Error('unexpected'));
    return never();
  })
  .get('/detached', (c) => {
    runDetached(async () => fail());
    return c.text('begun');
  })
  .get('/detached-timer', (c) => {
    runDetached(() => setTimeout(fail, 1));
    return c.text('begun');
  });
const { port } = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
logger.info({ port }, 'listening');
