import type { Link } from '../document.ts';

const operationsOfSession = [
  'get_session',
  'patch_session',
  'list_steps',
  'run_step',
  'restart_session',
  'list_files',
  'delete_session',
];
const operationsOfStep = ['get_step', 'follow_step', 'cancel_step'];

const linksTo = (
  operationIds: readonly string[],
  parameters: Record<string, string>,
): Record<string, Link> =>
  Object.fromEntries(operationIds.map((operationId) => [operationId, { operationId, parameters }]));

/** The calls that may follow for a session whose id the expression finds. */
export const ofSession = (sessionId: string): Record<string, Link> =>
  linksTo(operationsOfSession, { session_id: sessionId });

/** The calls that may follow for a step of the same session whose id the expression finds. */
export const ofStep = (stepId: string): Record<string, Link> =>
  linksTo(operationsOfStep, { session_id: '$request.path.session_id', step_id: stepId });
