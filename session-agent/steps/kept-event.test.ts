import { expect, test } from 'vitest';
import { asRawJson } from '../protocol/raw-json.ts';
import { eventText, type KeptEvent } from './step-events.ts';

const at = '2026-11-25T12:00:00.000Z';

test.each([
  ['{}', `{"type":"result","seq":3,"at":"${at}"}`],
  ['{"application/json":1e309}', `{"type":"result","application/json":1e309,"seq":3,"at":"${at}"}`],
])('adds the event’s own keys around the text of the bundle %s', (bundle, text) => {
  expect(eventText({ type: 'result', bundle: asRawJson(bundle), seq: 3, at })).toBe(text);
});

test('puts the type first and seq and time last, where the data-plane looks for them', () => {
  const event: KeptEvent = { type: 'stdout', text: '{"type":"x"}', seq: 1, at };
  expect(eventText(event)).toBe(
    `{"type":"stdout","text":"{\\"type\\":\\"x\\"}","seq":1,"at":"${at}"}`,
  );
});
