import { stepEventsQuerySchema, stepListQuerySchema } from '@steppe/contracts/step-request';
import { asNdjson, asSse, completed, failed, memoryLost, queued, running } from '../examples.ts';
import type { Call, CallResponse, ResponseContent } from './call.ts';
import { ofStep } from './links.ts';

const result = (
  description: string,
  examples: Record<string, unknown>,
  more: Partial<CallResponse> = {},
): CallResponse => ({
  description,
  content: {
    'application/json': {
      content: { json: 'StepResult' },
      examples: Object.fromEntries(
        Object.entries(examples).map(([name, value]) => [name, { value }]),
      ),
    },
  },
  ...more,
});

const streams: ResponseContent = {
  'text/event-stream': {
    content: { stream: ['StepEvent', 'CutOff'] },
    examples: { events: { value: asSse } },
  },
  'application/x-ndjson': {
    content: { stream: ['StepEvent', 'CutOff', 'Keepalive'] },
    examples: { events: { value: asNdjson } },
  },
};

export const stepCalls = {
  run_step: {
    summary: 'Run code',
    description: `Runs \`code\` in the session’s interpreter, as IPython or the Node REPL would: top-level \`await\` works, and the value of the last expression is a result. Steps of a session run one at a time, in the order of arrival. \`Accept\` chooses the response: one result when the step ends (JSON, after white space where that takes long), or its events as they happen (\`text/event-stream\`, \`application/x-ndjson\`).

Code that raises is not an HTTP error: 200, \`status: "failed"\`. A step sent again under its \`step_id\` joins the first and never runs twice. A stream that breaks loses nothing: go on at \`/events?after=\`. In every 5 s of inactivity comes a sign of life: a comment in SSE, a line \`keepalive\` in NDJSON, a space before JSON. A reader that takes nothing for too long gets \`cut_off\` as its last event; the step runs on.`,
    body: {
      content: { json: 'StepRequest' },
      required: true,
      examples: {
        simple: { summary: 'code alone', value: { code: 'print("adding")\n20 + 22' } },
        resumable: {
          summary: 'with an id, a limit, and for the memory of epoch 1 alone',
          value: { code: 'total += 1', step_id: 'add-1', timeout_ms: 5000, epoch: 1 },
        },
        background: {
          summary: 'not waited for',
          value: { code: 'train()', wait: false, env: { SEED: '7' }, cwd: 'models' },
        },
      },
    },
    responses: {
      200: {
        ...result('The step has ended, or its events follow.', { completed, failed, memoryLost }),
        headers: ['Steppe-Step-Id'],
        content: { ...result('', { completed, failed, memoryLost }).content, ...streams },
        links: ofStep('$response.header.Steppe-Step-Id'),
      },
      202: result(
        'Under `wait: false`: the result so far.',
        { queued },
        {
          headers: ['Steppe-Step-Id'],
          links: ofStep('$response.header.Steppe-Step-Id'),
        },
      ),
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
  },
  list_steps: {
    summary: 'List steps',
    description:
      'Those that the session remembers, newest first: the last 256, and 64 MiB of them at most.',
    query: stepListQuerySchema,
    responses: {
      200: {
        description: 'A page of results.',
        content: {
          'application/json': {
            content: { json: 'StepList' },
            examples: { page: { value: { steps: [failed, completed], next_cursor: null } } },
          },
        },
      },
    },
    errors: [],
    sample: '$STEPPE_URL/v1/sessions/$SESSION/steps',
  },
  get_step: {
    summary: 'Get a step',
    description: 'Its result so far.',
    responses: { 200: result('Running, or ended.', { completed, running }) },
    errors: ['step_not_found'],
    sample: '$STEPPE_URL/v1/sessions/$SESSION/steps/$STEP',
  },
  follow_step: {
    summary: 'Follow a step’s events',
    description:
      'Replays the events after `after`, then follows until the step ends. As SSE, unless `Accept` requests NDJSON.',
    query: stepEventsQuerySchema,
    headers: ['lastEventId'],
    responses: { 200: { description: 'The events, `seq` without gaps.', content: streams } },
    errors: ['step_not_found'],
    sample: '-N "$STEPPE_URL/v1/sessions/$SESSION/steps/$STEP/events?after=0"',
  },
  cancel_step: {
    summary: 'Cancel a step',
    description:
      'Interrupts it; the memory stays where the language allows. One that waits never runs.',
    responses: {
      200: result('It had ended, and is as it was.', { completed }),
      202: result('The result so far; the end follows.', { running }),
    },
    errors: ['step_not_found', 'payload_too_large', 'unsupported_media_type'],
    sample: '-X POST $STEPPE_URL/v1/sessions/$SESSION/steps/$STEP/cancel',
  },
  restart_session: {
    summary: 'Restart the interpreter',
    description:
      'A fresh interpreter in the same workspace: the memory is gone, files stay, `epoch` grows.',
    body: {
      content: { json: 'RestartRequest' },
      required: false,
      examples: {
        whatever: { value: {} },
        guarded: { summary: 'only if it still is at epoch 1', value: { epoch: 1 } },
      },
    },
    responses: {
      200: {
        description: 'The new epoch.',
        content: {
          'application/json': {
            content: { json: 'Restarted' },
            examples: { restarted: { value: { epoch: 2 } } },
          },
        },
      },
    },
    errors: ['epoch_mismatch', 'payload_too_large', 'unsupported_media_type'],
    sample: '-X POST $STEPPE_URL/v1/sessions/$SESSION/restart',
  },
} satisfies Record<string, Call>;
