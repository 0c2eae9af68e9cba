import type { fileEntrySchema } from '@steppe/contracts/file';
import type { sessionSchema } from '@steppe/contracts/session';
import type { stepEventSchema, stepResultSchema } from '@steppe/contracts/step';
import type * as z from 'zod';

type Session = z.input<typeof sessionSchema>;
type StepResult = z.input<typeof stepResultSchema>;
type StepEvent = z.input<typeof stepEventSchema>;
type FileEntry = z.input<typeof fileEntrySchema>;

export const sessionId = 'ses_01JD8Z6Y3V7Q9K2M4N5P6R8S0T';
export const stepId = 'stp_01JD8Z7A5C8T2XW6Z4B7C9D1EF';

export const session: Session = {
  session_id: sessionId,
  tenant_id: 'acme',
  runtime: 'python',
  state: 'ready',
  epoch: 1,
  instance_id: 'ins_01jd8z6y4m3k7q9zb5w8e2r6ty',
  created_at: '2026-11-23T09:00:00.000Z',
  ready_at: '2026-11-23T09:00:00.041Z',
  last_active_at: '2026-11-23T09:00:00.041Z',
  expires_at: '2026-11-23T10:00:00.000Z',
  idle_timeout_seconds: 900,
  metadata: { job: '7' },
  resources: { cpu: '1', memory: '512Mi', ephemeral_storage: '1Gi' },
};

const { epoch: _, last_active_at: __, ...listed } = session;
export const listedSession: Session = listed;

export const provisioningSession: Session = {
  ...listed,
  state: 'provisioning',
  instance_id: null,
  ready_at: null,
};

export const endedSession: Session = {
  ...listed,
  state: 'ended',
  ended_at: '2026-11-23T09:15:12.300Z',
  end_reason: 'idle',
  end_detail: 'no call for idle_timeout_seconds',
};

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

export const memoryLost: StepResult = {
  ...failed,
  error: { name: 'WorkerCrashed', message: 'the interpreter was ended by SIGSEGV', traceback: [] },
  epoch: 2,
  state_lost: true,
  usage: null,
};

export const running: StepResult = {
  ...completed,
  status: 'running',
  results: [],
  completed_at: null,
  usage: null,
};

export const queued: StepResult = {
  ...running,
  status: 'queued',
  execution_count: null,
  stdout: '',
  started_at: null,
};

const { stdout: ___, stderr: ____, results: _____, background: ______, ...summary } = completed;

export const events: StepEvent[] = [
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

export const asSse = events
  .map((event) => `event: ${event.type}\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`)
  .join('');
export const asNdjson = events.map((event) => `${JSON.stringify(event)}\n`).join('');

export const file: FileEntry = {
  name: 'sales.csv',
  path: 'data/sales.csv',
  type: 'file',
  size_bytes: 120,
  modified_at: '2026-11-23T09:00:04.120Z',
};

export const directory: FileEntry = {
  ...file,
  name: 'data',
  path: 'data',
  type: 'directory',
  size_bytes: 4096,
};
