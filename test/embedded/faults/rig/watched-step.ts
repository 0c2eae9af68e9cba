import { type ErrorCode, errorBodySchema } from '@steppe/contracts/errors';
import { type StepEvent, type StepResult, stepResultSchema } from '@steppe/contracts/step';
import { readEvents, type StreamForm } from '../../../chaos/drive/read-events.ts';
import type { Client } from '../../../support/api/client.ts';

/** What a client sees when it sends a step in one of the three forms. */
export type ClientView =
  | { kind: 'result'; result: StepResult }
  | { kind: 'events'; events: StepEvent[] }
  | { kind: 'refusal'; status: number; code: ErrorCode; details: Record<string, unknown> }
  /** The response broke off. */
  | { kind: 'broken' };

const forms = ['application/json', 'text/event-stream', 'application/x-ndjson'] as const;

type StepToSend = { code: string; step_id: string };

/** Sends one step in all three forms at once: the first runs it, the others join. */
export const sendInAllForms = (
  client: Client,
  sessionId: string,
  request: StepToSend,
): Promise<ClientView[]> => sendAndStream(client, sessionId, request).views;

/**
 * Does the same, and also resolves `streaming` when both streams have begun: after that, clients
 * notice a fault only because their streams break.
 */
export function sendAndStream(client: Client, sessionId: string, request: StepToSend) {
  let begun = 0;
  let onStreaming: () => void = () => {};
  const streaming = new Promise<void>((resolve) => {
    onStreaming = resolve;
  });
  const onBegin = (form: (typeof forms)[number]) => {
    if (form !== 'application/json') begun += 1;
    if (begun === forms.length - 1) onStreaming();
  };
  return {
    views: Promise.all(forms.map((form) => send(client, sessionId, request, form, onBegin))),
    streaming,
  };
}

async function send(
  client: Client,
  sessionId: string,
  request: StepToSend,
  form: (typeof forms)[number],
  onBegin: (form: (typeof forms)[number]) => void,
): Promise<ClientView> {
  try {
    const response = await client.call('POST', `/v1/sessions/${sessionId}/steps`, request, {
      accept: form,
    });
    onBegin(form);
    if (!response.ok) {
      const { code, details } = errorBodySchema.parse(await response.json()).error;
      return { kind: 'refusal', status: response.status, code, details };
    }
    if (form === 'application/json')
      return { kind: 'result', result: stepResultSchema.parse(await response.json()) };
    return { kind: 'events', events: await eventsIn(response, form) };
  } catch (error) {
    // fetch throws a TypeError when a connection breaks; a schema throws other errors.
    if (error instanceof TypeError) return { kind: 'broken' };
    throw error;
  }
}

async function eventsIn(response: Response, form: StreamForm): Promise<StepEvent[]> {
  const events: StepEvent[] = [];
  for await (const event of readEvents(response, form)) events.push(event);
  return events;
}
