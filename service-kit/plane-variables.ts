import * as z from 'zod';
import { crossCheck, requiredText } from './variables.ts';

/** Variables of both planes: the sessions table, and the key that signs tokens for agents. */
export const planeVariables = {
  INTERNAL_KEY_FILE: requiredText.describe(
    'the Ed25519 private JSON Web Key that signs tokens for agents, or a set of them, the oldest first; read again when it changes',
  ),
  AWS_REGION: requiredText.describe('region of the sessions table'),
  DYNAMODB_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('unset: the region’s own'),
  SESSIONS_TABLE: z.string().default('steppe-sessions').describe('name of the sessions table'),
};

/** Of a service with both ports. */
export const checkPorts = crossCheck<{ PORT: number; OPERATOR_PORT: number }>((ctx) => {
  const { PORT, OPERATOR_PORT } = ctx.value;
  // 0 takes a free one for each.
  if (PORT !== OPERATOR_PORT || !(PORT > 0)) return;
  ctx.issues.push({ code: 'custom', path: ['OPERATOR_PORT'], message: `must be another than PORT, ${PORT}`, input: ctx.value });
});
