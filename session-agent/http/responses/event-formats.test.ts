import { expect, test } from 'vitest';
import { eventFormats, sseEvent } from './event-formats.ts';

const at = '2026-11-25T12:00:00.000Z';

test('writes an event with its type and seq as fields', () => {
  const event = { type: 'stdout', text: 'a\n\nid: 7', seq: 3, at } as const;
  const data = `{"type":"stdout","text":"a\\n\\nid: 7","seq":3,"at":"${at}"}`;
  expect(eventFormats.sse.event(event)).toBe(`event: stdout\nid: 3\ndata: ${data}\n\n`);
  expect(eventFormats.ndjson.event(event)).toBe(`${data}\n`);
});

test.each(['a\nid: 7', 'a\r', '\n', 'a\r\n\r\ndata: x'])(
  'rejects a field with a line break: %j',
  (value) => {
    for (const name of ['event', 'id', 'data'])
      expect(() => sseEvent([[name, value]])).toThrow('line break');
  },
);
