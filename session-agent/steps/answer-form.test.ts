import { expect, test } from 'vitest';
import { answerForm } from './answer-form.ts';

test.each([
  [undefined, 'json'],
  ['*/*', 'json'],
  ['application/json', 'json'],
  ['text/event-stream', 'sse'],
  ['TEXT/Event-Stream; q=0.9', 'sse'],
  ['application/x-ndjson', 'ndjson'],
  ['text/html, application/x-ndjson;q=0.5, */*', 'ndjson'],
  ['constructor', 'json'],
])('answers Accept %s as %s', (accept, form) => {
  expect(answerForm(accept)).toBe(form);
});
