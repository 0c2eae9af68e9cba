import { expect, test } from 'vitest';
import { responseFormat } from './event-formats.ts';

test.each([
  [undefined, 'json'],
  ['*/*', 'json'],
  ['application/json', 'json'],
  ['text/event-stream', 'sse'],
  ['TEXT/Event-Stream; q=0.9', 'sse'],
  ['application/x-ndjson', 'ndjson'],
  ['text/html, application/x-ndjson;q=0.5, */*', 'ndjson'],
  ['text/event-stream;q=0.1, application/json', 'json'],
  ['application/x-ndjson;q=0.2, text/event-stream;q=0.8', 'sse'],
  ['text/event-stream, application/json', 'sse'],
  ['text/event-stream;q=0', 'json'],
  ['constructor', 'json'],
])('responds to Accept %s as %s', (accept, form) => {
  expect(responseFormat(accept)).toBe(form);
});
