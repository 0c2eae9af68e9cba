import { once } from 'node:events';
import type { ReadyRecord } from '@steppe/contracts/session-record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, open, readAll, responseOf } from '../../testing/call.ts';
import { ended } from '../../testing/fake-routes.ts';
import { type CuttingProxy, startCuttingProxy } from '../../testing/start-cutting-proxy.ts';
import { startTestDataPlane, type TestDataPlane } from '../../testing/start-test-data-plane.ts';
import { createStepAgent, type StepAgent, wholeStream } from '../../testing/step-agent.ts';

let plane: TestDataPlane;
let agent: StepAgent;
let cuttingProxy: CuttingProxy;
let session: ReadyRecord;
beforeEach(async () => {
  plane = await startTestDataPlane();
  agent = createStepAgent();
  const { port } = await plane.startAgent((req, res) => agent.handle(req, res));
  cuttingProxy = await startCuttingProxy(port);
  session = plane.addSession(cuttingProxy.url);
});
afterEach(async () => {
  await cuttingProxy.close();
  await plane.closeAll();
});

const texts = ['one\n\n', 'two: "quoted"', 'three {"type":"keepalive"}', 'end'];
const streams = ['text/event-stream', 'application/x-ndjson'] as const;
const stepsPath = () => `/v1/sessions/${session.session_id}/steps`;
const headersFor = (accept: string) => ({
  accept,
  'content-type': 'application/json',
  authorization: plane.authorization,
});
const submit = (accept: string) =>
  plane.call({
    method: 'POST',
    path: stepsPath(),
    headers: headersFor(accept),
    body: '{"code":"1"}',
  });
const attempts = () => plane.requests().map((line) => line.attempts);

describe.each(streams)('a step with a response as %s', (accept) => {
  it('arrives whole, once, wherever its connection to the agent breaks', async () => {
    agent.add(...texts);
    const expected = wholeStream(accept, texts);
    for (let cut = 0; cut < expected.length + 250; cut += 7) {
      cuttingProxy.cuts[cuttingProxy.connections()] = cut;
      const response = await submit(accept);
      expect({ cut, ...response }).toMatchObject({ cut, status: 200, text: expected });
    }
    expect(new Set(attempts())).toEqual(new Set([1, 2]));
  });

  it('is resumed after the last whole event, however often it breaks', async () => {
    agent.add(...texts);
    cuttingProxy.cuts.push(...Array(texts.length).fill(250));
    expect((await submit(accept)).text).toBe(wholeStream(accept, texts));
    expect(agent.step.submitted).toBe(1);
  });

  it.each([
    ['?after=1', {}],
    ['?after=0', { 'last-event-id': '1' }],
    ['?after=1', { 'last-event-id': '' }],
  ])('resumes where the client requested events: %s %o', async (query, headers) => {
    agent.add(...texts);
    const expected = wholeStream(accept, texts, 1);
    for (let cut = 200; cut < expected.length + 250; cut += 20) {
      cuttingProxy.cuts[cuttingProxy.connections()] = cut;
      const response = await plane.call({
        path: `${stepsPath()}/stp_1/events${query}`,
        headers: { accept, ...headers },
      });
      expect({ cut, text: response.text }).toEqual({ cut, text: expected });
    }
    expect(new Set(attempts())).toEqual(new Set([1, 2]));
  });

  it('forwards each event when it arrives, before and after an interruption', async () => {
    const client = open(plane.port, {
      method: 'POST',
      path: stepsPath(),
      headers: headersFor(accept),
    });
    client.end('{"code":"1"}');
    const response = await responseOf(client);
    let got = '';
    response.setEncoding('utf8').on('data', (text) => {
      got += text;
    });
    for (let count = 1; count <= texts.length; count++) {
      agent.add(texts[count - 1] ?? '');
      await expect.poll(() => got).toBe(wholeStream(accept, texts.slice(0, count)));
      if (count === 2) cuttingProxy.cutAll();
    }
    if (!response.readableEnded) await once(response, 'end');
  });

  it('is cut off if the agent never comes back, so that the client notices', async () => {
    const client = open(plane.port, {
      method: 'POST',
      path: stepsPath(),
      headers: headersFor(accept),
    });
    client.end('{"code":"1"}');
    const response = await responseOf(client);
    agent.add('one');
    plane.routes.consistent.set(session.session_id, ended(session));
    await cuttingProxy.close();
    await expect(readAll(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect
      .poll(() => plane.requests())
      .toMatchObject([{ status: 200, outcome: 'session_ended' }]);
  });

  it('is complete once its last event has arrived, whatever happens next', async () => {
    const client = open(plane.port, {
      method: 'POST',
      path: stepsPath(),
      headers: headersFor(accept),
    });
    client.end('{"code":"1"}');
    const response = await responseOf(client);
    agent.addUnended(...texts);
    response.setEncoding('utf8');
    let got = '';
    for await (const text of response) {
      got += text;
      if (got === wholeStream(accept, texts)) await cuttingProxy.close();
    }
    expect(got).toBe(wholeStream(accept, texts));
    await expect.poll(() => plane.requests()).toMatchObject([{ outcome: 'ok' }]);
  });

  it('is not resumed after an unreadable event, and the client knows its own place', async () => {
    const unreadable = accept === 'text/event-stream' ? 'event: x\n\n' : '{"type":"x"\n';
    agent.handle = (req, res) => {
      res.writeHead(200, { 'content-type': accept });
      res.write(wholeStream(accept, ['one']) + unreadable);
      req.resume();
    };
    const client = open(plane.port, {
      method: 'POST',
      path: stepsPath(),
      headers: headersFor(accept),
    });
    client.end('{"code":"1"}');
    const response = await responseOf(client);
    const reading = (async () => {
      let got = '';
      for await (const text of response.setEncoding('utf8')) {
        got += text;
        if (got.endsWith(unreadable)) cuttingProxy.cutAll();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(attempts).toEqual([1]);
  });

  it('is given up after repeated interruptions without progress', async () => {
    agent.add('one');
    cuttingProxy.cuts.push(400, 0, 0, 0, 0, 0);
    const client = open(plane.port, {
      method: 'POST',
      path: stepsPath(),
      headers: headersFor(accept),
    });
    client.end('{"code":"1"}');
    const response = await responseOf(client);
    cuttingProxy.cutAll();
    await expect(readAll(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(attempts).toEqual([4]);
  });
});

describe('a step with a response as JSON', () => {
  it.each([10, 100_000])('arrives whole after any interruption: %i bytes', async (size) => {
    agent.add('a'.repeat(size), 'end');
    const expected = { stdout: `${'a'.repeat(size)}end` };
    for (let cut = 0; cut < 400; cut += 9) {
      cuttingProxy.cuts[cuttingProxy.connections()] = cut;
      const response = await submit('application/json');
      expect(response.status).toBe(200);
      expect(JSON.parse(response.text)).toEqual(expected);
    }
    cuttingProxy.cuts[cuttingProxy.connections()] = size;
    expect(JSON.parse((await submit('application/json')).text)).toEqual(expected);
  });

  it('keeps waiting for a running step after an interruption', async () => {
    const responding = submit('application/json');
    await expect.poll(() => agent.step.submitted).toBe(1);
    cuttingProxy.cutAll();
    await expect.poll(() => agent.step.submitted).toBe(2);
    agent.add('late', 'end');
    expect(JSON.parse((await responding).text)).toEqual({ stdout: 'lateend' });
  });
});

describe('a response whose length is known', () => {
  const bodyOf = (size: number) => JSON.stringify({ text: 'a'.repeat(size) });
  const respondWith = (body: string) => {
    agent.handle = (req, res) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      req.resume().on('end', () => res.writeHead(200, headers).end(body));
    };
  };

  it.each(['files/a', 'steps', 'steps/stp_1'])(
    'is requested again while the client has received nothing: GET %s',
    async (tail) => {
      const body = bodyOf(1_000);
      respondWith(body);
      cuttingProxy.cuts.push(0, 100, 700);
      expect(
        await plane.call({ path: `${stepsPath().replace(/steps$/, '')}${tail}` }),
      ).toMatchObject({ status: 200, text: body });
      await expect.poll(attempts).toEqual([4]);
    },
  );

  it('is not requested again once the client has a part of it', async () => {
    respondWith(bodyOf(1_000_000));
    cuttingProxy.cuts.push(500_000);
    const responding = plane.call({ path: stepsPath().replace(/steps$/, 'files/a') });
    await expect(responding).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect
      .poll(() => plane.requests())
      .toMatchObject([{ attempts: 1, outcome: 'runtime_unreachable' }]);
  });

  it('keeps its length if it is a step result that is interrupted again and again', async () => {
    const body = bodyOf(1_000_000);
    respondWith(body);
    cuttingProxy.cuts.push(300, 100_000, 900_000, 400_000);
    const response = await submit('application/json');
    expect(response.headers['content-length']).toBe(String(body.length));
    expect(response.text).toBe(body);
    await expect.poll(attempts).toEqual([5]);
  });

  it('is cut off if the same step has a different length the second time', async () => {
    respondWith(bodyOf(1_000_000));
    cuttingProxy.cuts.push(500_000);
    const client = open(plane.port, {
      method: 'POST',
      path: stepsPath(),
      headers: headersFor('application/json'),
    });
    client.end('{"code":"1"}');
    const response = await responseOf(client);
    respondWith(bodyOf(1_000_001));
    await expect(readAll(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

it('counts its retries in the metrics', async () => {
  agent.add(...texts);
  cuttingProxy.cuts.push(0, 300);
  await submit('text/event-stream');
  const { text } = await call(plane.operatorPort, { path: '/metrics' });
  expect(text).toContain(
    'steppe_upstream_resumptions_total{point="no_response",service="data-plane"} 1',
  );
  expect(text).toContain(
    'steppe_upstream_resumptions_total{point="midway",service="data-plane"} 1',
  );
});
