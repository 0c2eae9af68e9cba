import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Agent, type buildConnector } from 'undici';
import { afterEach, expect, it } from 'vitest';
import { call, open } from '../testing/call.ts';
import { echo, type FakeAgent, startAgent } from '../testing/start-agent.ts';
import type { AnswerSink } from './answer-sink.ts';
import { createAnswerWriter } from './answer-writer.ts';
import { type ExchangeEnd, type ExchangeRequest, exchange } from './exchange.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const start = async (handle: RequestListener): Promise<FakeAgent> => {
  const agent = await startAgent(handle);
  opened.push(agent.close);
  return agent;
};

/** A server that answers every request by one exchange with `origin`. */
const startEdge = async (origin: string, upstream: Agent, declines: (status: number) => boolean = () => false) => {
  const ends: ExchangeEnd[] = [];
  /** Listeners that an exchange has left on the client's answer. */
  const left: number[] = [];
  const countListeners = (outgoing: ServerResponse) => outgoing.listenerCount('close') + outgoing.listenerCount('drain');
  const edge = await start((req, outgoing) => {
    const request: ExchangeRequest = { origin, method: req.method ?? 'GET', path: req.url ?? '/', headers: [], body: null };
    const answer = createAnswerWriter(outgoing, { ownHeaders: {}, declines });
    const before = countListeners(outgoing);
    void exchange(request, { upstream, outgoing, answer, silenceLimitMs: 5_000, uploadStallLimitMs: 5_000 }).then((end) => {
      ends.push(end);
      left.push(countListeners(outgoing) - before);
      if (!outgoing.headersSent && !outgoing.destroyed) outgoing.writeHead(500).end();
    });
  });
  return { ...edge, ends, left };
};

const startUpstream = (options: Agent.Options = {}): Agent => {
  const upstream = new Agent(options);
  opened.push(() => upstream.destroy());
  return upstream;
};

it('sends nothing when the client leaves while the connection is being made', async () => {
  const agent = await start(echo);
  const wanted = new EventEmitter();
  let finish: () => void = () => {};
  const sockets: Socket[] = [];
  const connector: buildConnector.connector = ({ port, hostname }, callback) => {
    finish = () => {
      const socket = connect(Number(port), hostname, () => callback(null, socket));
      sockets.push(socket);
    };
    wanted.emit('connect');
  };
  const edge = await startEdge(agent.url, startUpstream({ connect: connector }));
  const asked = once(wanted, 'connect');
  const client = open(edge.port, { path: '/x' }).on('error', () => {});
  client.end();
  await asked;
  client.destroy();
  await expect.poll(() => edge.ends).toEqual([{ kind: 'client_left' }]);
  finish();
  await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  expect(agent.seen).toEqual([]);
});

it('makes no connection for a client that has left already', async () => {
  const outgoing = { destroyed: true } as ServerResponse;
  const request = { origin: 'http://127.0.0.1:9', method: 'GET', path: '/', headers: [], body: null };
  const answer: AnswerSink = { begin: () => true, write() {}, end() {}, breakOff: () => 'nothing' };
  expect(
    await exchange(request, { upstream: startUpstream(), outgoing, answer, silenceLimitMs: 1, uploadStallLimitMs: 1 }),
  ).toEqual({
    kind: 'client_left',
  });
});

it('writes an answer that came in one piece in one piece', async () => {
  const agent = await start((_, res) => res.writeHead(200, { 'content-length': '4' }).end('body'));
  const edge = await startEdge(agent.url, startUpstream());
  const client = connect(edge.port, '127.0.0.1');
  const pieces: string[] = [];
  client.on('data', (chunk) => pieces.push(chunk.toString()));
  client.write('GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await once(client, 'close');
  expect(pieces).toHaveLength(1);
  expect(pieces[0]).toMatch(/^HTTP\/1.1 200 [\s\S]*\r\n\r\nbody$/);
});

it('does not take an interim answer for the answer', async () => {
  const agent = await start((_, res) => {
    res.writeEarlyHints({ link: '</a>; rel=preload' });
    res.writeHead(200).end('real');
  });
  const edge = await startEdge(agent.url, startUpstream());
  expect(await call(edge.port, { path: '/' })).toMatchObject({ status: 200, text: 'real' });
});

it('gives a declined answer back unsent', async () => {
  const agent = await start((_, res) => res.writeHead(421).end('not you'));
  const edge = await startEdge(agent.url, startUpstream(), (status) => status === 421);
  expect(await call(edge.port, { path: '/' })).toMatchObject({ status: 500, text: '' });
  expect(edge.ends).toEqual([{ kind: 'declined', status: 421 }]);
  expect(edge.left).toEqual([0]);
});

it('has no more to say of an answer once it has ended', async () => {
  const agent = await start((req, res) => req.url === '/quick' && res.end('done'));
  const upstream = startUpstream();
  const outgoing = Object.assign(new EventEmitter(), { destroyed: false, writableNeedDrain: false });
  const heard: string[] = [];
  const ask = (path: string) =>
    exchange(
      { origin: agent.url, method: 'GET', path, headers: [], body: null },
      {
        upstream,
        // All that is asked of it is here.
        outgoing: outgoing as EventEmitter as ServerResponse,
        answer: {
          begin: () => true,
          write() {},
          end: () => void heard.push(`${path} ends`),
          breakOff() {
            heard.push(`${path} breaks off`);
            return 'nothing';
          },
        },
        silenceLimitMs: 50,
        uploadStallLimitMs: 50,
      },
    );
  await ask('/quick');
  // By its time the silence of the first would have been noticed.
  await ask('/never');
  expect(heard).toEqual(['/quick ends', '/never breaks off']);
});

it('tells no connection from a connection without an answer', async () => {
  const upstream = startUpstream();
  const server = createServer((req) => req.socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const edge = await startEdge(`http://127.0.0.1:${port}`, upstream);
  await call(edge.port, { path: '/' });
  server.close();
  await once(server, 'close');
  await call(edge.port, { path: '/' });
  expect(edge.ends.map(({ kind }) => kind)).toEqual(['broken', 'unconnected']);
});

it('lets many exchanges with one origin run at once', async () => {
  const waiting: ServerResponse[] = [];
  const agent = await start((_, res) => waiting.push(res));
  const edge = await startEdge(agent.url, startUpstream());
  const calls = Array.from({ length: 100 }, () => call(edge.port, { path: '/' }));
  await expect.poll(() => waiting.length).toBe(100);
  for (const res of waiting) res.end('done');
  expect(new Set((await Promise.all(calls)).map(({ text }) => text))).toEqual(new Set(['done']));
});
