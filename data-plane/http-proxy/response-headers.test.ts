import { expect, it } from 'vitest';
import { responseHeaders } from './headers.ts';

it('drops hop-by-hop headers and those that connection names, and keeps the rest', () => {
  const headers = {
    connection: 'keep-alive, x-inner',
    'keep-alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    trailer: 'x',
    'x-inner': '1',
    'content-type': 'text/event-stream',
    'set-cookie': ['a', 'b'],
  };
  expect(responseHeaders(headers, {})).toEqual({
    'content-type': 'text/event-stream',
    'set-cookie': ['a', 'b'],
  });
});

it('prefers its own headers to those of the upstream', () => {
  expect(
    responseHeaders({ 'x-request-id': 'theirs', etag: 'e' }, { 'x-request-id': 'ours' }),
  ).toEqual({
    'x-request-id': 'ours',
    etag: 'e',
  });
});
