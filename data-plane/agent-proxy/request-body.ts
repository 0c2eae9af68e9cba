import type { IncomingMessage } from 'node:http';
import type { Ids, StepId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import { restartRequestSchema, stepRequestSchema } from '@steppe/contracts/step-request';
import type { BodyShare } from '@steppe/service-kit/http/body/body-budget';
import { hasBody } from '@steppe/service-kit/http/body/read-body';
import { readJson, readJsonBody } from '@steppe/service-kit/http/body/read-json';
import type { Call } from '@steppe/service-kit/http/call';
import * as z from 'zod';
import { type AgentOperation, agentOperations } from './agent-operations.ts';

export type RestartRequest = z.output<typeof restartRequestSchema>;

export interface AgentBody {
  body: Buffer | IncomingMessage | null;
  /** Set if a step is submitted: the client's id, or a new one. */
  stepId?: StepId;
  restart?: RestartRequest;
}

const small = { maxBytes: 64 * 1024, mayBeEmpty: true };

/**
 * Reads the body that is forwarded with a call. Only files are streamed. A step's body counts
 * against the share; other bodies are small.
 * @throws AppError if the body is not valid for the operation.
 */
export function readAgentBody(
  call: Call,
  operation: AgentOperation,
  { share, ids }: { share: BodyShare; ids: Ids },
): AgentBody | Promise<AgentBody> {
  switch (agentOperations[operation].body) {
    case 'none':
      return { body: null };
    case 'upload':
      return { body: hasBody(call.incoming) ? call.incoming : null };
    case 'cancel':
      return readJson(call, z.strictObject({}), small).then(() => ({ body: null }));
    case 'restart':
      return readJson(call, restartRequestSchema, small).then((restart) => ({
        body: null,
        restart,
      }));
    case 'step':
      return readStep(call, { share, ids });
  }
}

async function readStep(
  call: Call,
  { share, ids }: { share: BodyShare; ids: Ids },
): Promise<AgentBody> {
  const { value, bytes } = await readJsonBody(call, stepRequestSchema, {
    maxBytes: limits.requestBodyBytes,
    share,
  });
  if (value.step_id) return { body: bytes, stepId: value.step_id };
  const stepId = ids.stepId();
  return { body: withStepId(bytes, stepId), stepId };
}

/** Adds the id to a step as the first member of its object. The rest stays as the client sent it. */
function withStepId(bytes: Buffer, stepId: StepId): Buffer {
  const start = bytes.indexOf('{') + 1;
  const member = Buffer.from(`"step_id":"${stepId}",`);
  return Buffer.concat([bytes.subarray(0, start), member, bytes.subarray(start)]);
}
