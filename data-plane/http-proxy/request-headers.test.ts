import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { requestHeaders } from './headers.ts';

const from = (...rawHeaders: string[]): IncomingMessage => {
  const at = rawHeaders.findIndex((name) => name.toLowerCase() === 'connection');
  return {
    rawHeaders,
    headers: { connection: at < 0 ? undefined : rawHeaders[at + 1] },
  } as IncomingMessage;
};
const own = { authorization: 'Bearer ours', requestId: 'r1', trace: {}, body: 'same' } as const;
const kept = (
  incoming: IncomingMessage,
  changed: Partial<Parameters<typeof requestHeaders>[1]> = {},
) => {
  const flat = requestHeaders(incoming, { ...own, ...changed });
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : [])));
};

it('replaces the client’s authorization and request id with its own', () => {
  const headers = kept(
    from('Authorization', 'Bearer theirs', 'X-Request-Id', 'x', 'Accept', 'text/event-stream'),
  );
  expect(headers).toEqual({
    authorization: 'Bearer ours',
    'x-request-id': 'r1',
    accept: 'text/event-stream',
  });
});

it('drops hop-by-hop headers and those that connection names', () => {
  const incoming = from(
    'Connection',
    'close, X-Secret',
    'X-Secret',
    's',
    'Keep-Alive',
    '5',
    'TE',
    'trailers',
    'Upgrade',
    'h2c',
  );
  expect(kept(incoming)).toEqual({ authorization: 'Bearer ours', 'x-request-id': 'r1' });
});

it('keeps the headers that it writes itself, even if connection names them', () => {
  expect(kept(from('Connection', 'authorization, x-request-id'))).toMatchObject({
    authorization: 'Bearer ours',
    'x-request-id': 'r1',
  });
});

it('drops expect, host, cookies and reserved headers', () => {
  const incoming = from(
    'Expect',
    '100-continue',
    'Host',
    'a',
    'Cookie',
    'a=b',
    'Steppe-Tenant',
    't',
    'STEPPE-Step-Id',
    's',
  );
  expect(Object.keys(kept(incoming)).sort()).toEqual(['authorization', 'x-request-id']);
});

it('sends the given trace, whatever the client wrote', () => {
  const incoming = from('Traceparent', 'theirs', 'Tracestate', 'theirs');
  expect(kept(incoming)).toEqual({ authorization: 'Bearer ours', 'x-request-id': 'r1' });
  const trace = { traceparent: 'ours', tracestate: 'v=1' };
  expect(kept(incoming, { trace })).toMatchObject(trace);
});

it('leaves out the header that it must omit', () => {
  expect(
    kept(from('Last-Event-ID', '3', 'Range', 'bytes=0-1'), { without: 'last-event-id' }),
  ).not.toHaveProperty('last-event-id');
});

it('forwards ranges and conditions', () => {
  const given = { range: 'bytes=0-1', 'if-match': '"e"', 'last-event-id': '3' };
  expect(kept(from(...Object.entries(given).flat()))).toMatchObject(given);
});

it('forwards the headers of a body only with the body', () => {
  const incoming = from(
    'Content-Length',
    '3',
    'Content-Type',
    'text/plain',
    'Content-Encoding',
    'gzip',
  );
  expect(kept(incoming)).toMatchObject({
    'content-length': '3',
    'content-type': 'text/plain',
    'content-encoding': 'gzip',
  });
  expect(kept(incoming, { body: 'none' })).not.toHaveProperty('content-length');
  expect(kept(incoming, { body: 'json' })).toEqual({
    authorization: 'Bearer ours',
    'x-request-id': 'r1',
    'content-type': 'application/json',
  });
});
