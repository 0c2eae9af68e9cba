import { expect, test } from 'vitest';
import { readEvents, type StreamForm } from './read-events.ts';
import { MalformedResponseError } from './read-response.ts';

const event = (seq: number) =>
  JSON.stringify({ type: 'stdout', text: `${seq}`, seq, at: '2026-11-25T12:00:00.000Z' });
const cutOff = JSON.stringify({ type: 'cut_off', reason: 'slow_reader', message: 'too slow' });

async function seqsOf(form: StreamForm, text: string): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of readEvents(new Response(text), form)) seqs.push(seq);
  return seqs;
}

test.each<[StreamForm, string]>([
  [
    'application/x-ndjson',
    `${event(1)}\n{"type":"keepalive"}\n${event(2)}\n${cutOff}\n{"type":"stdo`,
  ],
  [
    'text/event-stream',
    `event: stdout\nid: 1\ndata: ${event(1)}\n\n: keepalive\n\nevent: stdout\nid: 2\ndata: ${event(2)}\n\nevent: cut_off\ndata: ${cutOff}\n\nevent: std`,
  ],
])('reads the events of %s and skips other and truncated lines', async (form, text) => {
  expect(await seqsOf(form, text)).toEqual([1, 2]);
});

test.each<[StreamForm, string]>([
  ['application/x-ndjson', `${event(1).slice(0, 20)}${event(2)}\n`],
  ['application/x-ndjson', '{"type":"stdout"}\n'],
  ['text/event-stream', `data: ${event(1)}data: ${event(2)}\n\n`],
  ['text/event-stream', `${event(1)}x\n\n`],
])('rejects a complete but invalid line of %s', async (form, text) => {
  await expect(seqsOf(form, text)).rejects.toBeInstanceOf(MalformedResponseError);
});
