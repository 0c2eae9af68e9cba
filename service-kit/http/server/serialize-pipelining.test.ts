import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { realParts } from '../../testing/real-parts.ts';
import { listen } from './http-server.ts';

const put = (name: string, body: string) =>
  `PUT /${name} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const get = (name: string) => `GET /${name} HTTP/1.1\r\nHost: a\r\n\r\n`;

async function serve() {
  const begun: string[] = [];
  const left: string[] = [];
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app: RequestListener = async (incoming, outgoing) => {
    const name = incoming.url?.slice(1) ?? '';
    begun.push(name);
    outgoing.once('close', () => left.push(name));
    if (name === 'slow') await released;
    outgoing.end(`<${name}${await readText(incoming).catch(() => 'aborted')}>`);
  };
  const server = await listen({ app, host: '127.0.0.1', port: 0, ...realParts });
  return { begun, left, release, server };
}

it('responds to the requests of a connection in order, and begins none early', async () => {
  const { begun, release, server } = await serve();
  const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(get('slow') + get('second') + get('third'));
  await expect.poll(() => begun).toEqual(['slow']);
  release();
  await expect.poll(() => text).toMatch(/<slow>.*<second>.*<third>/s);
  expect(begun).toEqual(['slow', 'second', 'third']);
  socket.write(get('fourth'));
  await expect.poll(() => text).toContain('<fourth>');
  socket.destroy();
  await server.close(0);
});

it('begins no request if its connection was closed before its turn', async () => {
  const { begun, left, release, server } = await serve();
  const socket = connect(server.port, '127.0.0.1');
  socket.write(get('slow') + get('second') + get('third'));
  await expect.poll(() => begun).toEqual(['slow']);
  socket.destroy();
  await expect.poll(() => left).toEqual(['slow']);
  release();
  const other = connect(server.port, '127.0.0.1');
  other.write(get('other'));
  await once(other, 'data');
  expect(begun).toEqual(['slow', 'other']);
  other.destroy();
  await server.close(0);
});

/** Opens a connection whose slow request has begun. */
async function openSlow(port: number, begun: string[]): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.write(get('slow'));
  await expect.poll(() => begun).toEqual(['slow']);
  return socket;
}

it('lets sixteen requests wait, with bodies of 64 KiB in total', async () => {
  const { begun, release, server } = await serve();
  const socket = await openSlow(server.port, begun);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const body = 'x'.repeat(64 * 1024);
  socket.write(put('large', body) + get('waits').repeat(15));
  release();
  await expect.poll(() => text.match(/<waits>/g)?.length).toBe(15);
  expect(text).toContain(`<large${body}>`);
  // The queue is empty again: as many may follow, and a body that need not wait may be of any size.
  socket.write(put('larger', body + body));
  await expect.poll(() => text).toContain(`<larger${body}${body}>`);
  socket.destroy();
  await server.close(0);
});

it.each([
  ['a seventeenth request', get('waits').repeat(17)],
  ['five megabytes of requests', get('waits').repeat(180_000)],
  ['a body that is announced', put('waits', 'x'.repeat(64 * 1024 + 1))],
  ['bodies', put('waits', 'x'.repeat(10_000)).repeat(7)],
  [
    'a body in chunks',
    `PUT /waits HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`2000\r\n${'x'.repeat(0x2000)}\r\n`.repeat(9)}`,
  ],
])('ends a connection on which more waits behind an open request: %s', async (_, bytes) => {
  const { begun, left, release, server } = await serve();
  const socket = await openSlow(server.port, begun);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  await closed;
  await expect.poll(() => left).toEqual(['slow']);
  release();
  expect((await fetch(`http://127.0.0.1:${server.port}/other`)).status).toBe(200);
  expect(begun).toEqual(['slow', 'other']);
  await server.close(0);
});

it.each([
  ['requests', get('waits').repeat(16)],
  ['a body that has come', put('waits', 'x'.repeat(60_000))],
  ['half of a body', put('waits', 'x'.repeat(60_000)).slice(0, -100)],
  ['half of a request', get('waits').repeat(15) + get('waits').slice(0, -2)],
])(
  'notices at once that a client leaves with more data behind an open request: %s',
  async (_, bytes) => {
    for (const leave of ['destroy', 'end', 'resetAndDestroy'] as const) {
      const { begun, left, server } = await serve();
      const socket = await openSlow(server.port, begun);
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket[leave]();
      await expect.poll(() => left).toEqual(['slow']);
      expect(begun).toEqual(['slow']);
      socket.destroy();
      await server.close(0);
    }
  },
);
