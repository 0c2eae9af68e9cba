import { once } from 'node:events';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { HttpEnv } from './http-env.ts';
import { listen } from './http-server.ts';

const get = (name: string) => `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`;

async function serve() {
  const begun: string[] = [];
  const left: string[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app = new Hono<HttpEnv>().get('/:name', async (c) => {
    const name = c.req.param('name');
    begun.push(name);
    c.env.outgoing?.once('close', () => left.push(name));
    if (name === 'slow') await released;
    return c.text(`<${name}>`);
  });
  const server = await listen({ app, host: '127.0.0.1', port: 0 });
  return { begun, left, release, server };
}

it('answers the requests of a connection in turn, and begins none before its turn', async () => {
  const { begun, release, server } = await serve();
  const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(get('slow') + get('second') + get('third'));
  await expect.poll(() => begun, { timeout: 10_000 }).toEqual(['slow']);
  release();
  await expect.poll(() => text, { timeout: 10_000 }).toMatch(/<slow>.*<second>.*<third>/s);
  expect(begun).toEqual(['slow', 'second', 'third']);
  socket.write(get('fourth'));
  await expect.poll(() => text, { timeout: 10_000 }).toContain('<fourth>');
  socket.destroy();
  await server.close(0);
});

it('begins no request whose connection was closed before its turn', async () => {
  const { begun, left, release, server } = await serve();
  const socket = connect(server.port, '127.0.0.1');
  socket.write(get('slow') + get('second') + get('third'));
  await expect.poll(() => begun, { timeout: 10_000 }).toEqual(['slow']);
  socket.destroy();
  await expect.poll(() => left, { timeout: 10_000 }).toEqual(['slow']);
  release();
  const other = connect(server.port, '127.0.0.1');
  other.write(get('other'));
  await once(other, 'data');
  expect(begun).toEqual(['slow', 'other']);
  other.destroy();
  await server.close(0);
});
