import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { limits } from '@steppe/contracts/limits';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Deferred, deferred } from '../../deferred.ts';
import { toRawJson } from '../../protocol/raw-json.ts';
import { respondWhenReady } from './json-response.ts';

let ready: Deferred<unknown>;
let responding: Promise<void>;
let socket: Socket;
let text: string;
/** For each created body, whether the response had begun. */
let made: boolean[];
let close: () => void;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  ready = deferred();
  [text, made] = ['', []];
  const server = createServer((_, outgoing) => {
    responding = respondWhenReady(outgoing, {
      clock: systemClock,
      ready: ready.promise,
      body: (hasBegun) => {
        made.push(hasBegun);
        return toRawJson({ ok: true });
      },
    });
    // The caller handles the rejection later.
    responding.catch(() => outgoing.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const requested = once(server, 'request');
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.write('GET / HTTP/1.0\r\n\r\n');
  close = () => {
    socket.destroy();
    server.close();
  };
  await requested;
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  close();
});

const keepWaiting = () => vi.advanceTimersByTime(limits.keepaliveMs);
const closed = () => once(socket, 'close');

test('sends the response with its content length if it is ready soon', async () => {
  ready.resolve(Promise.resolve());
  await closed();
  expect(text).toMatch(/Content-Length: 11\r\n[\s\S]*\r\n\r\n\{"ok":true\}$/);
  expect(made).toEqual([false]);
});

test('sends a space for every five seconds of waiting, then the response', async () => {
  keepWaiting();
  keepWaiting();
  ready.resolve(Promise.resolve());
  await closed();
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\n {2}\{"ok":true\}$/);
  expect(text).not.toContain('Content-Length');
  expect(made).toEqual([true]);
});

test('stops when its client disconnects, and creates no body', async () => {
  socket.destroy();
  await responding;
  expect(made).toEqual([]);
});

test('throws an error that occurs before the response has begun', async () => {
  ready.resolve(Promise.reject(new Error('too late')));
  await expect(responding).rejects.toThrow('too late');
});

test('aborts the response if an error occurs after it has begun', async () => {
  keepWaiting();
  await expect.poll(() => text).toMatch(/\r\n\r\n $/);
  ready.resolve(Promise.reject(new Error('too late')));
  await responding;
  expect(made).toEqual([]);
  await closed();
  expect(text).toMatch(/\r\n\r\n $/);
});
