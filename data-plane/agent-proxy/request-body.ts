import type { IncomingMessage } from 'node:http';
import { newStepId, type StepId } from '@steppe/contracts/ids';
import { limits } from '@steppe/contracts/limits';
import {
  type ForwardedStep,
  restartRequestSchema,
  stepRequestSchema,
} from '@steppe/contracts/step-request';
import type { BodyShare } from '@steppe/service-kit/http/body/body-budget';
import { hasBody } from '@steppe/service-kit/http/body/has-body';
import { readJson } from '@steppe/service-kit/http/body/read-json';
import type { HttpEnv } from '@steppe/service-kit/http/http-env';
import type { Context } from 'hono';
import * as z from 'zod';
import { type AgentOperation, agentCalls } from './agent-operations.ts';

export type RestartRequest = z.output<typeof restartRequestSchema>;

export interface AgentBody {
  body: Buffer | IncomingMessage | null;
  /** Of a step that is submitted: its own, or minted here. */
  stepId?: StepId;
  restart?: RestartRequest;
}

const small = { maxBytes: 64 * 1024, mayBeEmpty: true };

/**
 * What is sent on as the body of a call; only files are streamed. A step's is taken from the share,
 * the others are small.
 * @throws AppError for a body that is not one of the call.
 */
export async function readAgentBody(
  c: Context<HttpEnv>,
  operation: AgentOperation,
  { incoming, share }: { incoming: IncomingMessage; share: BodyShare },
): Promise<AgentBody> {
  switch (agentCalls[operation].body) {
    case 'none':
      return { body: null };
    case 'upload':
      return { body: hasBody(incoming) ? incoming : null };
    case 'cancel':
      await readJson(c, z.strictObject({}), small);
      return { body: null };
    case 'restart':
      return { body: null, restart: await readJson(c, restartRequestSchema, small) };
    case 'step': {
      const request = await readJson(c, stepRequestSchema, {
        maxBytes: limits.requestBodyBytes,
        share,
      });
      const stepId = request.step_id ?? newStepId();
      const step: ForwardedStep = { ...request, step_id: stepId };
      const body = toJson(step);
      share.shrinkTo(body.length);
      return { body, stepId };
    }
  }
}

const toJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
