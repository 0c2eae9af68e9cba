import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { limits } from '@steppe/contracts/limits';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Deferred, deferred } from '../deferred.ts';
import { toRawJson } from '../json/raw-json.ts';
import { answerWhenReady } from './answer-when-ready.ts';

let ready: Deferred<unknown>;
let answering: Promise<void>;
let socket: Socket;
let text: string;
/** For each body that was made, whether the answer had begun. */
let made: boolean[];
let close: () => void;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  ready = deferred();
  [text, made] = ['', []];
  const server = createServer((_, outgoing) => {
    answering = answerWhenReady(outgoing, ready.promise, (hasBegun) => {
      made.push(hasBegun);
      return toRawJson({ ok: true });
    });
    // Whoever calls it does so later.
    answering.catch(() => outgoing.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = once(server, 'request');
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.write('GET / HTTP/1.0\r\n\r\n');
  close = () => {
    socket.destroy();
    server.close();
  };
  await asked;
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  close();
});

const keepWaiting = () => vi.advanceTimersByTime(limits.keepaliveMs);
const closed = () => once(socket, 'close');

test('answers whole, with its length, where that is soon', async () => {
  ready.resolve(Promise.resolve());
  await closed();
  expect(text).toMatch(/Content-Length: 11\r\n[\s\S]*\r\n\r\n\{"ok":true\}$/);
  expect(made).toEqual([false]);
});

test('gives a space for each five seconds of waiting, and then the answer', async () => {
  keepWaiting();
  keepWaiting();
  ready.resolve(Promise.resolve());
  await closed();
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\n {2}\{"ok":true\}$/);
  expect(text).not.toContain('Content-Length');
  expect(made).toEqual([true]);
});

test('ends when its client leaves, and makes no body', async () => {
  socket.destroy();
  await answering;
  expect(made).toEqual([]);
});

test('throws what is wrong while nothing has begun', async () => {
  ready.resolve(Promise.reject(new Error('too late')));
  await expect(answering).rejects.toThrow('too late');
});

test('cuts the answer off where something is wrong after it has begun', async () => {
  keepWaiting();
  await expect.poll(() => text).toMatch(/\r\n\r\n $/);
  ready.resolve(Promise.reject(new Error('too late')));
  await answering;
  expect(made).toEqual([]);
  await closed();
  expect(text).toMatch(/\r\n\r\n $/);
});
