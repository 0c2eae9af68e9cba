import type { Link } from './operation.ts';

/** The names are strings: the table of operations imports this file. */
const operationsOfSession = [
  'get_session',
  'patch_session',
  'list_steps',
  'run_step',
  'restart_session',
  'list_files',
  'delete_session',
];
const operationsOfStep = ['get_step', 'follow_step', 'get_output', 'cancel_step'];

const linksTo = (
  operationIds: readonly string[],
  parameters: Record<string, string>,
): Record<string, Link> =>
  Object.fromEntries(operationIds.map((operationId) => [operationId, { operationId, parameters }]));

/** The calls that may follow for the session that the response contains. */
export const createdSessionLinks = linksTo(operationsOfSession, {
  session_id: '$response.body#/session_id',
});

/** The calls that may follow for the step that the response names. */
export const submittedStepLinks = linksTo(operationsOfStep, {
  session_id: '$request.path.session_id',
  step_id: '$response.header.Steppe-Step-Id',
});
