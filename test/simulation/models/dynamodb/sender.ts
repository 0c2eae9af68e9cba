import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { DynamoDbSender } from '@steppe/session-store/dynamodb/call';
import * as z from 'zod';
import type { Kernel } from '../../kernel/kernel.ts';
import { connectionLost, createFates, type FateOptions } from './request-fate.ts';
import type { Operation, OperationResult } from './run-operation.ts';

interface TableRequest {
  operation: Operation;
  input: { ConsistentRead?: boolean | undefined };
}

export interface SenderOptions extends FateOptions {
  /** Called before each request and after each response. */
  moment(what: string): Promise<void>;
  execute(request: TableRequest): OperationResult;
}

/** The SDK's client over an unreliable network: what was sent arrives even if its process dies. */
export function createSender(kernel: Kernel, options: SenderOptions): DynamoDbSender {
  const exchange = createExchange(kernel, options);
  return {
    async send(command, { abortSignal }) {
      const request = toRequest(command);
      const name = `dynamodb ${request.operation}`;
      await options.moment(name);
      // An abort ends the wait of the caller, and not what it has sent.
      const result = await Promise.race([exchange(name, request), aborted(abortSignal)]);
      await options.moment(`${name} done`);
      if ('error' in result) throw result.error;
      return asOutput(result.response);
    },
  };
}

function createExchange(kernel: Kernel, options: SenderOptions) {
  const latency = kernel.random('dynamodb latency');
  const drawFate = createFates(kernel, options);
  return (name: string, request: TableRequest): Promise<OperationResult> =>
    new Promise((resolve) => {
      const caller = kernel.current;
      const respond = (result: OperationResult, afterMs: number) =>
        kernel.schedule(afterMs, caller, `${name} response`, () => resolve(result));
      const fate = drawFate(request.operation);
      if ('failure' in fate) {
        respond({ error: fate.failure }, fate.afterMs);
        return;
      }
      for (const { afterMs, response } of fate.attempts)
        kernel.schedule(afterMs, kernel.world, name, () => {
          const result = asSdk(options.execute(request), fate.attempts.length);
          const given = response === 'lost' ? { error: connectionLost() } : result;
          if (response !== 'ignored') respond(given, latency.between(0.2, 3));
        });
    });
}

const commands = {
  GetItem: GetItemCommand,
  PutItem: PutItemCommand,
  UpdateItem: UpdateItemCommand,
  DeleteItem: DeleteItemCommand,
  Query: QueryCommand,
} as const satisfies Record<Operation, unknown>;

const operationNames = Object.keys(commands) as (keyof typeof commands)[];

/** @throws Error for an operation that plane-actions.ts allows to no service. */
const toRequest = (command: { input: object }): TableRequest => {
  const operation = operationNames.find((name) => command instanceof commands[name]);
  if (operation === undefined) throw new Error('the model of the table lacks this operation');
  return { operation, input: command.input };
};

const dynaliteErrorSchema = z.object({
  body: z.object({ __type: z.string(), message: z.string() }),
});

/** Turns a refusal of dynalite into the error that the SDK makes of it. */
const asSdk = (result: OperationResult, attempts: number): OperationResult => {
  if ('response' in result) return result;
  const refusal = dynaliteErrorSchema.safeParse(result.error);
  if (!refusal.success) return result;
  const { __type: type, message } = refusal.data.body;
  const name = type.slice(type.indexOf('#') + 1);
  const details = { message, $metadata: { attempts } };
  return {
    error:
      name === 'ConditionalCheckFailedException'
        ? new ConditionalCheckFailedException(details)
        : new DynamoDBServiceException({ ...details, name, $fault: 'client' }),
  };
};

const aborted = (signal: AbortSignal): Promise<OperationResult> =>
  new Promise((resolve) => {
    const onAbort = () =>
      resolve({ error: Object.assign(new Error('Request aborted'), { name: 'AbortError' }) });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });

/** Guaranteed by dynalite: its response to an operation has the fields of the SDK's output. */
const asOutput = <Output>(response: object): Output => response as Output;
