import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { open, responseOf } from '../testing/call.ts';
import { startTestDataPlane, type TestDataPlane } from '../testing/start-test-data-plane.ts';

let plane: TestDataPlane;
beforeEach(async () => {
  plane = await startTestDataPlane();
});
afterEach(() => plane.closeAll());

/**
 * An interpreter whose responses to the restarts listed in `lost` do not arrive, or only in part.
 * It counts each restart that it executes.
 */
function createInterpreter(epoch: number, lost: number[] = [], isHalf = false) {
  const state = { epoch, requested: [] as unknown[], carriedOut: 0 };
  const handle: RequestListener = async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    const requested = JSON.parse(text).epoch;
    const count = state.requested.push(requested);
    const isMismatch = requested !== state.epoch;
    if (!isMismatch) {
      state.epoch++;
      state.carriedOut++;
    }
    const isFailure = lost.includes(count);
    if (isFailure && !isHalf) return void res.destroy();
    const error = {
      code: 'epoch_mismatch',
      message: '',
      retryable: false,
      request_id: 'r',
      details: { epoch: state.epoch },
    };
    // A newer agent sends more fields than this version knows.
    const body = JSON.stringify({
      ...(isMismatch ? { error: { ...error, hint: '' } } : { epoch: state.epoch }),
      since: 1,
    });
    res.writeHead(isMismatch ? 409 : 200, {
      'content-type': 'application/json',
      'content-length': body.length,
    });
    if (isFailure) res.write(body.slice(0, 5), () => res.destroy());
    else res.end(body);
  };
  return { state, handle };
}

async function restart(handle: RequestListener, body?: object) {
  const agent = await plane.startAgent(handle);
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/restart`;
  const given = body && {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const response = await plane.call({ method: 'POST', path, ...given });
  return { status: response.status, body: JSON.parse(response.text), headers: response.headers };
}

it('requests the current epoch if the client names none, and restarts that one', async () => {
  const { state, handle } = createInterpreter(3);
  expect(await restart(handle)).toMatchObject({ status: 200, body: { epoch: 4 } });
  expect(state).toEqual({ epoch: 4, carriedOut: 1, requested: [Number.MAX_SAFE_INTEGER, 3] });
});

it.each([
  [[1], false],
  [[2], false],
  [[1, 3], false],
  [[2, 3, 4], false],
  [[1], true],
  [[2, 3], true],
])('restarts once where the responses %j are lost, in part: %s', async (lost, isHalf) => {
  const { state, handle } = createInterpreter(3, lost, isHalf);
  expect(await restart(handle)).toMatchObject({ status: 200, body: { epoch: 4 } });
  expect(state.carriedOut).toBe(1);
});

it("restarts once if the response for the client's epoch is lost", async () => {
  const { state, handle } = createInterpreter(3, [1]);
  const { status, body, headers } = await restart(handle, { epoch: 3 });
  expect([status, body]).toEqual([200, { epoch: 4 }]);
  expect(headers).toHaveProperty('x-request-id');
  expect(state.carriedOut).toBe(1);
});

it.each([
  ['another epoch', 2, []],
  ['another epoch after a break', 2, [1]],
  ['the epoch before without a break', 2, []],
])('shows the refusal of %s', async (_, epoch, lost) => {
  const { state, handle } = createInterpreter(4, lost);
  expect(await restart(handle, { epoch })).toMatchObject({
    status: 409,
    body: { error: { details: { epoch: 4 } } },
  });
  expect(state.carriedOut).toBe(0);
});

it('restarts the new epoch if another restart happened meanwhile', async () => {
  const { state, handle } = createInterpreter(3);
  const response = await restart((req, res) => {
    if (state.requested.length === 1) state.epoch = 4;
    handle(req, res);
  });
  expect(response).toMatchObject({ status: 200, body: { epoch: 5 } });
  expect(state.requested).toEqual([Number.MAX_SAFE_INTEGER, 3, 4]);
});

/**
 * Begins its response with spaces, each sent after the client received the previous one, and
 * continues with `rest`.
 */
async function waitFor(rest: (res: ServerResponse, count: number) => void) {
  let count = 0;
  const agent = await plane.startAgent((_, res) => {
    if (++count > 1) return rest(res, count);
    res.writeHead(200, { 'content-type': 'application/json' }).write(' ');
    nextResponse = [() => void res.write(' '), () => rest(res, count)];
  });
  let nextResponse: (() => void)[] = [];
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/restart`;
  const headers = { authorization: plane.authorization, 'content-type': 'application/json' };
  const client = open(plane.port, { method: 'POST', path, headers });
  client.end('{"epoch":3}');
  const response = await responseOf(client);
  let text = '';
  response.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const closed = once(response, 'close').catch(() => {});
  response.on('error', () => {});
  for (const spaces of [' ', '  ']) {
    await expect.poll(() => text).toBe(spaces);
    nextResponse.shift()?.();
  }
  await closed;
  return { status: response.statusCode, text, isWhole: response.complete };
}
const mismatch = (epoch: number) =>
  JSON.stringify({
    error: {
      code: 'epoch_mismatch',
      message: '',
      retryable: false,
      request_id: 'r',
      details: { epoch },
    },
  });

it('keeps a waiting client alive with the spaces that the agent sends', async () => {
  const response = await waitFor((res) => res.end('{"epoch":4}'));
  expect(response).toEqual({ status: 200, text: '  {"epoch":4}', isWhole: true });
});

it('reports the restart to a waiting client even if the response was interrupted', async () => {
  const response = await waitFor((res, count) =>
    count === 1 ? res.destroy() : res.writeHead(409).end(mismatch(4)),
  );
  expect(response).toEqual({ status: 200, text: '  {"epoch":4}', isWhole: true });
});

it('cuts off a waiting client if the response turns out not to be a restart', async () => {
  const response = await waitFor((res, count) =>
    count === 1 ? res.destroy() : res.writeHead(409).end(mismatch(9)),
  );
  expect(response).toEqual({ status: 200, text: '  ', isWhole: false });
});

it('forwards any other response', async () => {
  const response = await restart((_, res) =>
    res.writeHead(410, { 'content-type': 'application/json' }).end('{"over":true}'),
  );
  expect(response).toMatchObject({ status: 410, body: { over: true } });
});
