import { type ErrorBody, errorBodySchema } from '@steppe/contracts/errors';
import { fileListSchema } from '@steppe/contracts/file';
import type { Language } from '@steppe/contracts/session';
import {
  restartResponseSchema,
  type StepEvent,
  type StepResult,
  type StepStatus,
  stepEventSchema,
  stepListSchema,
  stepResultSchema,
} from '@steppe/contracts/step';
import { newStepId } from '@steppe/contracts/testing/new-ids';
import { vi } from 'vitest';
import * as z from 'zod';
import { responseLines } from '../../support/api/response-lines.ts';
import { type Agent, type AgentOptions, startAgent } from './start-agent.ts';

/**
 * A session as its caller sees it, over the agent's HTTP interface. Every response is validated
 * against its schema.
 */
export interface Session {
  language: Language;
  agent: Agent;
  /** Runs a step to its end. */
  run(code: string, request?: object): Promise<StepResult>;
  /** Submits a step without waiting for it. @returns its id */
  submit(code: string, request?: object): Promise<string>;
  get(stepId: string): Promise<StepResult>;
  list(): Promise<StepResult[]>;
  /** The result so far, as soon as `holds` is true for it. */
  until(stepId: string, holds: (step: StepResult) => boolean): Promise<StepResult>;
  untilStatus(stepId: string, status: StepStatus): Promise<StepResult>;
  untilPrinted(stepId: string, text: string): Promise<StepResult>;
  /** The result once the step has ended. */
  ended(stepId: string): Promise<StepResult>;
  /** All events of a step, once it has ended. */
  events(stepId: string, after?: number): Promise<StepEvent[]>;
  /** Runs a step and yields its events as they arrive. */
  stream(code: string, request?: object): AsyncGenerator<StepEvent, void>;
  cancel(stepId: string): Promise<{ httpStatus: number; step: StepResult }>;
  restart(epoch?: number): Promise<number>;
  /** The epoch that the agent reports to the control-plane. */
  epoch(): Promise<number>;
  put(path: string, content: string | Uint8Array): Promise<void>;
  read(path: string): Promise<Buffer>;
  files(path?: string): Promise<string[]>;
  /** Sends one request below the session's path, whatever its response. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** The error of a request that must fail. */
  refusal(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number } & ErrorBody['error']>;
  close(): Promise<void>;
}

const stateSchema = z.object({ epoch: z.number() });

export const openSession = async (
  language: Language,
  options: AgentOptions = {},
): Promise<Session> => sessionOf(language, await startAgent(language, options));

/** The session that the agent is bound to. */
export function sessionOf(language: Language, agent: Agent): Session {
  const call: Session['call'] = async (method, path, body, headers = {}) => {
    const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    return fetch(`${agent.url}/v1/sessions/${agent.sessionId}${path}`, {
      method,
      headers: {
        authorization: await agent.authorization('data-plane'),
        ...(!isRaw && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw ? Buffer.from(body) : JSON.stringify(body) }),
    });
  };
  const expectOk = async (response: Response, what: string): Promise<Response> => {
    if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
    return response;
  };
  const post = async (code: string, request: object, headers = {}) =>
    expectOk(
      await call('POST', '/steps', { step_id: newStepId(), code, ...request }, headers),
      'step',
    );
  const result = async (response: Response) => stepResultSchema.parse(await response.json());

  const get = async (stepId: string) =>
    result(await expectOk(await call('GET', `/steps/${stepId}`), 'get'));
  const until: Session['until'] = (stepId, holds) =>
    vi.waitFor(
      async () => {
        const step = await get(stepId);
        if (!holds(step)) throw new Error(`it does not hold of ${JSON.stringify(step)}`);
        return step;
      },
      { timeout: 60_000, interval: 10 },
    );
  const events: Session['events'] = async (stepId, after = 0) => {
    const path = `/steps/${stepId}/events?after=${after}`;
    const response = await expectOk(await call('GET', path, undefined, ndjson), 'events');
    return (await response.text()).split('\n').flatMap(parseEvent);
  };
  return {
    language,
    agent,
    call,
    get,
    until,
    events,
    run: async (code, request = {}) => result(await post(code, request)),
    submit: async (code, request = {}) =>
      (await result(await post(code, { wait: false, ...request }))).step_id,
    list: async () =>
      stepListSchema.parse(await (await expectOk(await call('GET', '/steps'), 'list')).json())
        .steps,
    untilStatus: (stepId, status) => until(stepId, (step) => step.status === status),
    untilPrinted: (stepId, text) => until(stepId, (step) => step.stdout.includes(text)),
    async ended(stepId) {
      await events(stepId);
      return get(stepId);
    },
    async *stream(code, request = {}) {
      const response = await post(code, request, ndjson);
      for await (const line of responseLines(response)) yield* parseEvent(line);
    },
    async cancel(stepId) {
      const response = await expectOk(await call('POST', `/steps/${stepId}/cancel`), 'cancel');
      return { httpStatus: response.status, step: await result(response) };
    },
    async restart(epoch) {
      const response = await expectOk(
        await call('POST', '/restart', epoch === undefined ? {} : { epoch }),
        'restart',
      );
      return restartResponseSchema.parse(await response.json()).epoch;
    },
    async epoch() {
      const headers = { authorization: await agent.authorization('control-plane') };
      return stateSchema.parse(
        await (await fetch(`${agent.url}/internal/state`, { headers })).json(),
      ).epoch;
    },
    put: async (path, content) =>
      void (await expectOk(await call('PUT', `/files/${encode(path)}`, content), 'put')),
    read: async (path) =>
      Buffer.from(
        await (await expectOk(await call('GET', `/files/${encode(path)}`), 'read')).arrayBuffer(),
      ),
    async files(path = '') {
      const response = await expectOk(
        await call('GET', `/files?recursive=true&path=${encodeURIComponent(path)}`),
        'files',
      );
      return fileListSchema.parse(await response.json()).entries.map((entry) => entry.path);
    },
    async refusal(method, path, body) {
      const response = await call(method, path, body);
      return { status: response.status, ...errorBodySchema.parse(await response.json()).error };
    },
    close: agent.stop,
  };
}

const ndjson = { accept: 'application/x-ndjson' };

const encode = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

const parseEvent = (line: string): StepEvent[] =>
  line === '' || line === '{"type":"keepalive"}' ? [] : [stepEventSchema.parse(JSON.parse(line))];
