import type * as z from 'zod';
import { sessionSchema } from '../../session.ts';
import type { OperationResponse } from '../operation.ts';

type Session = z.input<typeof sessionSchema>;

export const sessionId = 'ses_01JD8Z6Y3V7Q9K2M4N5P6R8S0T';

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

/** A response whose body is one session. */
export const sessionResponse = (
  description: string,
  value: Session,
  more: Partial<OperationResponse> = {},
): OperationResponse => ({
  description,
  content: { 'application/json': { json: sessionSchema, examples: { session: { value } } } },
  ...more,
});
