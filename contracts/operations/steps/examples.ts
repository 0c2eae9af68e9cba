import type * as z from 'zod';
import {
  cutOffLineSchema,
  keepaliveLineSchema,
  stepEventSchema,
  stepResultSchema,
} from '../../step.ts';
import type { MediaType, OperationResponse } from '../operation.ts';
import { sessionId } from '../sessions/examples.ts';

type StepResult = z.input<typeof stepResultSchema>;
type StepEvent = z.input<typeof stepEventSchema>;

const stepId = 'stp_01JD8Z7A5C8T2XW6Z4B7C9D1EF';

export const completed: StepResult = {
  step_id: stepId,
  session_id: sessionId,
  status: 'completed',
  execution_count: 1,
  stdout: 'adding\n',
  stderr: '',
  results: [{ 'text/plain': '42', is_main_result: true }],
  error: null,
  truncated: { stdout: false, stderr: false, results: false },
  background: null,
  epoch: 1,
  state_lost: false,
  submitted_at: '2026-11-23T09:00:05.000Z',
  started_at: '2026-11-23T09:00:05.001Z',
  completed_at: '2026-11-23T09:00:05.003Z',
  usage: { duration_ms: 1.8, cpu_ms: 1.2, max_rss_bytes: 14_000_000 },
};

export const failed: StepResult = {
  ...completed,
  status: 'failed',
  execution_count: 2,
  stdout: '',
  results: [],
  error: {
    name: 'ZeroDivisionError',
    message: 'division by zero',
    traceback: [
      'Traceback (most recent call last):',
      '  File "<step 2>", line 1, in <module>',
      '    1 / 0',
      '    ~~^~~',
      'ZeroDivisionError: division by zero',
    ],
  },
};

export const running: StepResult = {
  ...completed,
  status: 'running',
  results: [],
  completed_at: null,
  usage: null,
};

const { stdout: ___, stderr: ____, results: _____, background: ______, ...summary } = completed;

const events: StepEvent[] = [
  { type: 'step_started', seq: 1, at: '2026-11-23T09:00:05.001Z', execution_count: 1 },
  { type: 'stdout', seq: 2, at: '2026-11-23T09:00:05.002Z', text: 'adding\n' },
  {
    type: 'result',
    seq: 3,
    at: '2026-11-23T09:00:05.003Z',
    'text/plain': '42',
    is_main_result: true,
  },
  { type: 'step_ended', seq: 4, at: '2026-11-23T09:00:05.003Z', ...summary },
];

const asSse = events
  .map((event) => `event: ${event.type}\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`)
  .join('');
const asNdjson = events.map((event) => `${JSON.stringify(event)}\n`).join('');

/** The events of a step, as each media type writes them. */
export const eventStreams: Record<string, MediaType> = {
  'text/event-stream': {
    stream: [stepEventSchema, cutOffLineSchema],
    examples: { events: { value: asSse } },
  },
  'application/x-ndjson': {
    stream: [stepEventSchema, cutOffLineSchema, keepaliveLineSchema],
    examples: { events: { value: asNdjson } },
  },
};

/** A response whose body is the result of one step. */
export const resultResponse = (
  description: string,
  examples: Record<string, StepResult>,
  more: Partial<OperationResponse> = {},
): OperationResponse => ({
  description,
  content: {
    'application/json': {
      json: stepResultSchema,
      examples: Object.fromEntries(
        Object.entries(examples).map(([name, value]) => [name, { value }]),
      ),
    },
  },
  ...more,
});
