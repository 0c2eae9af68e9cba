import {
  type StepEvent,
  type StepResult,
  type StepStatus,
  stepEventSchema,
  stepResultSchema,
} from '@steppe/contracts/step';
import { eventually } from '@steppe/service-kit/testing/eventually';
import type { Client } from './client.ts';

const stepsOf = (sessionId: string): string => `/v1/sessions/${sessionId}/steps`;

/** Submits a step without waiting for it. @returns its id */
export async function submit(
  client: Client,
  sessionId: string,
  code: string,
  request: object = {},
): Promise<string> {
  const response = await client.call('POST', stepsOf(sessionId), { code, wait: false, ...request });
  if (response.status !== 202)
    throw new Error(`submit: ${response.status} ${await response.text()}`);
  return stepResultSchema.parse(await response.json()).step_id;
}

export async function getStep(
  client: Client,
  sessionId: string,
  stepId: string,
): Promise<StepResult> {
  const response = await client.call('GET', `${stepsOf(sessionId)}/${stepId}`);
  if (response.status !== 200) throw new Error(`step: ${response.status} ${await response.text()}`);
  return stepResultSchema.parse(await response.json());
}

/** The result as soon as the step has that status. */
export const stepWith = (
  client: Client,
  sessionId: string,
  stepId: string,
  status: StepStatus,
): Promise<StepResult> =>
  eventually(async () => {
    const step = await getStep(client, sessionId, stepId);
    if (step.status !== status) throw new Error(`the step is ${step.status}`);
    return step;
  });

/** The result so far, once the running step has written `text`. */
export const stepThatWrote = (
  client: Client,
  sessionId: string,
  stepId: string,
  text: string,
): Promise<StepResult> =>
  eventually(async () => {
    const step = await getStep(client, sessionId, stepId);
    if (!step.stdout.includes(text))
      throw new Error(`the step has written ${JSON.stringify(step.stdout)}`);
    return step;
  });

/** Waits until the step has ended, whatever its status. */
export async function resultOf(
  client: Client,
  sessionId: string,
  stepId: string,
): Promise<StepResult> {
  await eventsOf(client, sessionId, stepId);
  return getStep(client, sessionId, stepId);
}

/** All events of a step, once it has ended. */
export async function eventsOf(
  client: Client,
  sessionId: string,
  stepId: string,
  after = 0,
): Promise<StepEvent[]> {
  const path = `${stepsOf(sessionId)}/${stepId}/events?after=${after}`;
  return readEvents(await client.call('GET', path, undefined, { accept: 'application/x-ndjson' }));
}

export async function readEvents(response: Response): Promise<StepEvent[]> {
  const lines = (await response.text()).trimEnd().split('\n');
  return lines
    .filter((line) => line !== '{"type":"keepalive"}')
    .map((line) => stepEventSchema.parse(JSON.parse(line)));
}

/** Ends a step that waits for the file `go`. */
export async function letGo(client: Client, sessionId: string, file = 'go'): Promise<void> {
  const response = await client.call('PUT', `/v1/sessions/${sessionId}/files/${file}`, '');
  if (!response.ok) throw new Error(`go: ${response.status} ${await response.text()}`);
}
