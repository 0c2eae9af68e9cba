import { expect, it } from 'vitest';
import { readTraceHeaders } from './tracing.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = '00f067aa0ba902b7';

it.each([
  `00-${trace}-${span}-01`,
  `00-${trace}-${span}-00`,
  `01-${trace}-${span}-01-more`,
  `cc-${trace}-${span}-01`,
])('keeps %s, and the state with it', (traceparent) => {
  expect(readTraceHeaders({ traceparent, tracestate: 'a=1' })).toEqual({
    traceparent,
    tracestate: 'a=1',
  });
  expect(readTraceHeaders({ traceparent })).toEqual({ traceparent });
});

it.each([
  '',
  'x',
  `ff-${trace}-${span}-01`,
  `00-${'0'.repeat(32)}-${span}-01`,
  `00-${trace}-${'0'.repeat(16)}-01`,
  `00-${trace.toUpperCase()}-${span}-01`,
  `00-${trace}-${span}-01-more`,
  `00-${trace}-${span}`,
  `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
])('drops %j, and the state with it', (traceparent) => {
  expect(readTraceHeaders({ traceparent, tracestate: 'a=1' })).toEqual({});
});

it('drops a tracestate without a traceparent', () => {
  expect(readTraceHeaders({ tracestate: 'a=1' })).toEqual({});
});
