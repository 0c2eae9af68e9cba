import {
  type $Command as Command,
  ConditionalCheckFailedException,
  type DynamoDBClientResolvedConfig,
  DynamoDBServiceException,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-dynamodb';
import type { Ids } from '@steppe/contracts/ids';
import type { Clock } from '@steppe/service-kit/process/clock';
import { SessionStoreThrottledError, SessionStoreUnavailableError } from '../errors.ts';

type DynamoDbCommand<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = Command<
  Input,
  Output,
  DynamoDBClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/**
 * The part of DynamoDB's client that the store uses: the SDK implements it, and a simulation can
 * provide it.
 */
export interface DynamoDbSender {
  send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: DynamoDbCommand<Input, Output>,
    options: { abortSignal: AbortSignal },
  ): Promise<Output>;
}

export type Send = <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: DynamoDbCommand<Input, Output>,
) => Promise<Output>;

/**
 * Runs one operation of the port under one time limit and the caller's signal, however many
 * requests it sends.
 */
export type Call = <T>(
  signal: AbortSignal | undefined,
  operation: (send: Send) => Promise<T>,
) => Promise<T>;

/** The dependencies for reading a row. */
export interface TableReader {
  call: Call;
  tableName: string;
}

/** The dependencies that the parts of the store share. */
export interface TableAccess extends TableReader {
  clock: Clock;
  ids: Ids;
}

export const createCall =
  (client: DynamoDbSender, clock: Clock, timeLimitMs: number): Call =>
  async (signal, operation) => {
    signal?.throwIfAborted();
    const end = new AbortController();
    // The SDK's delay between attempts ignores the signal; the race ends it at once.
    const ended = new Promise<never>((_, reject) => {
      end.signal.addEventListener('abort', () => reject(end.signal.reason), { once: true });
    });
    const stopTimer = clock.after(timeLimitMs, () => end.abort(lateResponse(timeLimitMs)));
    const onAbort = () => end.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const send: Send = async (command) => {
      try {
        return await client.send(command, { abortSignal: end.signal });
      } catch (error) {
        end.signal.throwIfAborted();
        throw toStoreError(error);
      }
    };
    try {
      return await Promise.race([operation(send), ended]);
    } finally {
      stopTimer();
      signal?.removeEventListener('abort', onAbort);
    }
  };

const lateResponse = (timeLimitMs: number): SessionStoreUnavailableError =>
  new SessionStoreUnavailableError(`the session store did not respond within ${timeLimitMs} ms`);

export const isConditionFailure = (error: unknown): error is ConditionalCheckFailedException =>
  error instanceof ConditionalCheckFailedException;

/** Source: "Error handling with DynamoDB" and smithy's own list of throttling errors. */
const throttlingNames = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'ThrottledException',
  'Throttling',
  'RequestLimitExceeded',
  'RequestThrottled',
  'TooManyRequestsException',
]);

export const isRequestInvalid = (error: unknown): boolean =>
  error instanceof DynamoDBServiceException && error.name === 'ValidationException';

/**
 * Errors of a request that would never succeed: our own mistake, which must not look like an
 * outage.
 */
const mistakeNames = new Set([
  'ValidationException',
  'SerializationException',
  'ItemCollectionSizeLimitExceededException',
]);

const toStoreError = (error: unknown): unknown => {
  if (error instanceof DynamoDBServiceException) {
    if (isConditionFailure(error) || mistakeNames.has(error.name)) return error;
    if (throttlingNames.has(error.name))
      return new SessionStoreThrottledError('the session store throttles requests', {
        cause: error,
      });
  }
  return new SessionStoreUnavailableError('the session store cannot be reached', { cause: error });
};
