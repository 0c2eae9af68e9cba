import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestDataPlane, type TestDataPlane } from './testing/start-test-data-plane.ts';

let plane: TestDataPlane;
beforeEach(async () => {
  plane = await startTestDataPlane();
});
afterEach(() => plane.closeAll());

/** An interpreter whose answers to the restarts named in `lost` never arrive; each restart that it carries out is counted. */
function createInterpreter(epoch: number, lost: number[] = []) {
  const state = { epoch, asked: [] as unknown[], carriedOut: 0 };
  const handle: RequestListener = async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    const asked = JSON.parse(text).epoch;
    const count = state.asked.push(asked);
    const isMismatch = asked !== state.epoch;
    if (!isMismatch) {
      state.epoch++;
      state.carriedOut++;
    }
    if (lost.includes(count)) return void res.destroy();
    const error = { code: 'epoch_mismatch', message: '', retryable: false, request_id: 'r', details: { epoch: state.epoch } };
    const body = JSON.stringify(isMismatch ? { error } : { epoch: state.epoch });
    res.writeHead(isMismatch ? 409 : 200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  };
  return { state, handle };
}

async function restart(handle: RequestListener, body?: object) {
  const agent = await plane.startAgent(handle);
  const path = `/v1/sessions/${plane.addSession(agent.url).session_id}/restart`;
  const given = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await plane.call({ method: 'POST', path, ...given });
  return { status: answer.status, body: JSON.parse(answer.text), headers: answer.headers };
}

it('asks for the present epoch where the client names none, and restarts that one', async () => {
  const { state, handle } = createInterpreter(3);
  expect(await restart(handle)).toMatchObject({ status: 200, body: { epoch: 4 } });
  expect(state).toEqual({ epoch: 4, carriedOut: 1, asked: [Number.MAX_SAFE_INTEGER, 3] });
});

it.each([[[1]], [[2]], [[1, 3]], [[2, 3, 4]]])('restarts once where the answers %j are lost', async (lost) => {
  const { state, handle } = createInterpreter(3, lost);
  expect(await restart(handle)).toMatchObject({ status: 200, body: { epoch: 4 } });
  expect(state.carriedOut).toBe(1);
});

it("restarts once where the answer to a client's own epoch is lost", async () => {
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
  expect(await restart(handle, { epoch })).toMatchObject({ status: 409, body: { error: { details: { epoch: 4 } } } });
  expect(state.carriedOut).toBe(0);
});

it('restarts the epoch that another restart made meanwhile', async () => {
  const { state, handle } = createInterpreter(3);
  const answer = await restart((req, res) => {
    if (state.asked.length === 1) state.epoch = 4;
    handle(req, res);
  });
  expect(answer).toMatchObject({ status: 200, body: { epoch: 5 } });
  expect(state.asked).toEqual([Number.MAX_SAFE_INTEGER, 3, 4]);
});

it('passes on any other answer', async () => {
  const answer = await restart((_, res) => res.writeHead(410, { 'content-type': 'application/json' }).end('{"over":true}'));
  expect(answer).toMatchObject({ status: 410, body: { over: true } });
});
