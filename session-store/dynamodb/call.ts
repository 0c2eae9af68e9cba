import {
  type $Command as Command,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  type DynamoDBClientResolvedConfig,
  DynamoDBServiceException,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-dynamodb';
import { SessionStoreThrottledError, SessionStoreUnavailableError } from '../errors.ts';

export type Send = <Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
  command: Command<
    Input,
    Output,
    DynamoDBClientResolvedConfig,
    ServiceInputTypes,
    ServiceOutputTypes
  >,
) => Promise<Output>;

/**
 * Runs one operation of the port, however many requests it sends, under one time limit and the
 * caller's signal.
 */
export type Call = <T>(
  signal: AbortSignal | undefined,
  operation: (send: Send) => Promise<T>,
) => Promise<T>;

/** What the parts of the store share. `now` is in ms of Unix time. */
export interface TableAccess {
  call: Call;
  tableName: string;
  now: () => number;
}

export const createCall =
  (client: DynamoDBClient, timeLimitMs: number): Call =>
  async (signal, operation) => {
    signal?.throwIfAborted();
    const end = new AbortController();
    // The SDK sleeps between its attempts without looking at a signal: the race ends the wait at
    // once.
    const ended = new Promise<never>((_, reject) => {
      end.signal.addEventListener('abort', () => reject(end.signal.reason), { once: true });
    });
    const timer = setTimeout(
      () =>
        end.abort(
          new SessionStoreUnavailableError(
            `the session store did not respond within ${timeLimitMs} ms`,
          ),
        ),
      timeLimitMs,
    );
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
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  };

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
 * Names of a request that would never succeed: our own mistake, which is not to look like an
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
      return new SessionStoreThrottledError('the session store throttles', { cause: error });
  }
  return new SessionStoreUnavailableError('the session store cannot be reached', { cause: error });
};
