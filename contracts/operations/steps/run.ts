import { stepRequestSchema } from '../../step-request.ts';
import { submittedStepLinks } from '../links.ts';
import type { Operation } from '../operation.ts';
import { completed, eventStreams, failed, resultResponse, running } from './examples.ts';

const queued = {
  ...running,
  status: 'queued' as const,
  execution_count: null,
  stdout: '',
  started_at: null,
};

const memoryLost = {
  ...failed,
  error: { name: 'WorkerCrashed', message: 'the interpreter was ended by SIGSEGV', traceback: [] },
  epoch: 2,
  state_lost: true,
  usage: null,
};

const submitted = { headers: ['Steppe-Step-Id'], links: submittedStepLinks } as const;
const ended = resultResponse(
  'The step has ended, or its events follow.',
  { completed, failed, memoryLost },
  submitted,
);

export const runStep = {
  method: 'POST',
  path: '/v1/sessions/:session_id/steps',
  scope: 'steps:run',
  servedBy: 'session-agent',
  tag: 'steps',
  summary: 'Run code',
  description: `Runs \`code\` in the session’s interpreter, as IPython or the Node REPL does: top-level \`await\` works, and the value of the last expression is a result. The steps of a session run one at a time, in the order of arrival. \`Accept\` chooses the response: one result when the step ends (JSON, after white space if that takes long), or the events as they happen (\`text/event-stream\`, \`application/x-ndjson\`).

Code that raises an error is not an HTTP error: the status is 200, with \`status: "failed"\`. A step that is sent again with its \`step_id\` joins the first and never runs twice. A stream that breaks loses nothing: continue at \`/events?after=\`. During silence, a keepalive comes every 5 s: a comment in SSE, a line \`keepalive\` in NDJSON, a space before JSON. A reader that reads nothing for too long gets \`cut_off\` as its last event; the step continues.`,
  body: {
    required: true,
    content: {
      json: stepRequestSchema,
      examples: {
        simple: { summary: 'only code', value: { code: 'print("adding")\n20 + 22' } },
        resumable: {
          summary: 'with an id and a time limit, and only in the memory of epoch 1',
          value: { code: 'total += 1', step_id: 'add-1', timeout_ms: 5000, epoch: 1 },
        },
        background: {
          summary: 'responds at once',
          value: { code: 'train()', wait: false, env: { SEED: '7' }, cwd: 'models' },
        },
      },
    },
  },
  responses: {
    200: { ...ended, content: { ...ended.content, ...eventStreams } },
    202: resultResponse('With `wait: false`: the result so far.', { queued }, submitted),
  },
  errors: [
    'runtime_restarted',
    'epoch_mismatch',
    'step_conflict',
    'payload_too_large',
    'unsupported_media_type',
    'step_queue_full',
  ],
  sample: `-d '{"code":"20 + 22"}' $STEPPE_URL/v1/sessions/$SESSION/steps`,
} as const satisfies Operation;
