import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Services } from './services.ts';

export interface CreateTimes {
  createMs: number;
  /** The first step after it. */
  firstStepMs: number;
}

interface Creates {
  runtime: 'python' | 'node';
  count: number;
  /** Called before each create. */
  ready?: () => Promise<void>;
}

const firstSteps = { python: 'x = 1', node: 'let x = 1' };

/** Creates one session after the other, runs one step in each and deletes it. */
export async function timeCreates(
  { port, client, authorization }: Services,
  { runtime, count, ready }: Creates,
): Promise<CreateTimes[]> {
  const caller = { port, authorization, agent: new Agent({ keepAlive: true }) };
  const times: CreateTimes[] = [];
  for (let created = 0; created < count; created++) {
    await ready?.();
    const startedAt = performance.now();
    const { session_id } = await post(caller, '/v1/sessions', { runtime });
    const createdAt = performance.now();
    const path = `/v1/sessions/${session_id}`;
    const { status } = await post(caller, `${path}/steps`, { code: firstSteps[runtime] });
    times.push({
      createMs: createdAt - startedAt,
      firstStepMs: performance.now() - createdAt,
    });
    if (status !== 'completed') throw new Error(`a first step is ${status}`);
    await client.call('DELETE', path);
  }
  caller.agent.destroy();
  return times;
}

interface Caller {
  port: number;
  authorization: string;
  agent: Agent;
}

/** With Node's own client, and no check of a schema: what the client costs is in the times. */
async function post({ port, authorization, agent }: Caller, path: string, body: object) {
  const headers = { authorization, 'content-type': 'application/json' };
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent });
  outgoing.end(JSON.stringify(body));
  const [incoming] = await once(outgoing, 'response');
  const received = await text(incoming);
  if (incoming.statusCode >= 300) throw new Error(`${path}: ${incoming.statusCode} ${received}`);
  return JSON.parse(received);
}
