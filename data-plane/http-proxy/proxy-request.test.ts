import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { systemClock } from '@steppe/service-kit/process/clock';
import { Agent, type buildConnector } from 'undici';
import { afterEach, expect, it } from 'vitest';
import { call, open } from '../testing/call.ts';
import { echo, type FakeAgent, startAgent } from '../testing/start-agent.ts';
import { type ProxyOutcome, type ProxyRequest, proxyRequest } from './proxy-request.ts';
import { type ResponseSink, ResponseWriter } from './response-writer.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const start = async (handle: RequestListener): Promise<FakeAgent> => {
  const agent = await startAgent(handle);
  opened.push(agent.close);
  return agent;
};

/** A server that forwards every request to `origin`. */
const startEdge = async (
  origin: string,
  dispatcher: Agent,
  isRejected: (status: number) => boolean = () => false,
) => {
  const ends: ProxyOutcome[] = [];
  /** The number of listeners that each request has left on the client's response. */
  const left: number[] = [];
  const countListeners = (outgoing: ServerResponse) =>
    outgoing.listenerCount('close') + outgoing.listenerCount('drain');
  const edge = await start((req, outgoing) => {
    const request: ProxyRequest = {
      origin,
      method: req.method ?? 'GET',
      path: req.url ?? '/',
      headers: [],
      body: null,
    };
    const response = new ResponseWriter(outgoing, {});
    const before = countListeners(outgoing);
    const settings = {
      clock: systemClock,
      dispatcher,
      isRejected,
      idleTimeoutMs: 5_000,
      uploadStallLimitMs: 5_000,
    };
    void proxyRequest(request, { outgoing, response }, settings).then((end) => {
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

it('sends nothing if the client leaves while the connection is being established', async () => {
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
  const connecting = once(wanted, 'connect');
  const client = open(edge.port, { path: '/x' }).on('error', () => {});
  client.end();
  await connecting;
  client.destroy();
  await expect.poll(() => edge.ends).toEqual([{ kind: 'client_left' }]);
  finish();
  await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  expect(agent.seen).toEqual([]);
});

it('opens no connection for a client that has already left', async () => {
  const outgoing = { destroyed: true } as ServerResponse;
  const request = {
    origin: 'http://127.0.0.1:9',
    method: 'GET',
    path: '/',
    headers: [],
    body: null,
  };
  const response: ResponseSink = {
    begin: () => true,
    write() {},
    end() {},
    interrupt: () => 'nothing',
  };
  expect(
    await proxyRequest(
      request,
      { outgoing, response },
      {
        clock: systemClock,
        dispatcher: startUpstream(),
        idleTimeoutMs: 1,
        uploadStallLimitMs: 1,
      },
    ),
  ).toEqual({
    kind: 'client_left',
  });
});

it('writes a response that arrived in one piece in one piece', async () => {
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

it('does not take an interim response for the final one', async () => {
  const agent = await start((_, res) => {
    res.writeEarlyHints({ link: '</a>; rel=preload' });
    res.writeHead(200).end('real');
  });
  const edge = await startEdge(agent.url, startUpstream());
  expect(await call(edge.port, { path: '/' })).toMatchObject({ status: 200, text: 'real' });
});

it('writes nothing of a rejected response', async () => {
  const agent = await start((_, res) => res.writeHead(421).end('not you'));
  const edge = await startEdge(agent.url, startUpstream(), (status) => status === 421);
  expect(await call(edge.port, { path: '/' })).toMatchObject({ status: 500, text: '' });
  expect(edge.ends).toEqual([{ kind: 'rejected', status: 421 }]);
  expect(edge.left).toEqual([0]);
});

it('changes nothing about a response once it has ended', async () => {
  const agent = await start((req, res) => req.url === '/quick' && res.end('done'));
  const upstream = startUpstream();
  const outgoing = Object.assign(new EventEmitter(), {
    destroyed: false,
    writableNeedDrain: false,
  });
  const reset: string[] = [];
  const agentRequest = (path: string) =>
    proxyRequest(
      { origin: agent.url, method: 'GET', path, headers: [], body: null },
      {
        // The proxy uses only this part of the response.
        outgoing: outgoing as EventEmitter as ServerResponse,
        response: {
          begin: () => true,
          write() {},
          end: () => void reset.push(`${path} ends`),
          interrupt() {
            reset.push(`${path} breaks off`);
            return 'nothing';
          },
        },
      },
      {
        clock: systemClock,
        dispatcher: upstream,
        idleTimeoutMs: 50,
        uploadStallLimitMs: 50,
      },
    );
  await agentRequest('/quick');
  // By the time this request ends, the idle timeout of the first one would have fired.
  await agentRequest('/never');
  expect(reset).toEqual(['/quick ends', '/never breaks off']);
});

it('distinguishes a failed connection from a connection without a response', async () => {
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

it('runs many requests to one origin at once', async () => {
  const waiting: ServerResponse[] = [];
  const agent = await start((_, res) => waiting.push(res));
  const edge = await startEdge(agent.url, startUpstream());
  const calls = Array.from({ length: 100 }, () => call(edge.port, { path: '/' }));
  await expect.poll(() => waiting.length).toBe(100);
  for (const res of waiting) res.end('done');
  expect(new Set((await Promise.all(calls)).map(({ text }) => text))).toEqual(new Set(['done']));
});
