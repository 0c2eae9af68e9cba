import type { Listening } from '@steppe/session-store/dynalite/listen';
import { sessionsTable } from '@steppe/session-store/dynamodb/key-schema';
import {
  type DynamoDbRequest,
  forward,
  startDynamoDbProxy,
} from '@steppe/session-store/testing/dynamodb-proxy';
import * as z from 'zod';
import type { Recorder } from './work.ts';

const querySchema = z.object({
  IndexName: z.string().optional(),
  ExclusiveStartKey: z.unknown().optional(),
  ExpressionAttributeValues: z.looseObject({ ':shard': z.object({ N: z.string() }).optional() }),
});
const consumedSchema = z.object({
  ConsumedCapacity: z.object({ CapacityUnits: z.number() }).optional(),
});

export interface StoreRequest {
  operation: string;
  /** The index of a query, or else the key of the item. */
  target: string;
  /** Read or write units that it consumed. */
  units: number;
}

export interface StoreProxy extends Listening {
  /** All requests so far that were responded to. */
  requests: StoreRequest[];
}

/** Forwards to the table, and has it report what each request consumes. */
export async function startStoreProxy(endpoint: string, recorder: Recorder): Promise<StoreProxy> {
  const requests: StoreRequest[] = [];
  const listening = await startDynamoDbProxy(async (request) => {
    const { operation, body } = request;
    const query = operation === 'Query' ? querySchema.parse(body) : undefined;
    const isSweep = query?.IndexName === sessionsTable.liveIndex.name;
    const shard = query?.ExpressionAttributeValues[':shard']?.N;
    if (isSweep && shard === '0' && !query?.ExclusiveStartKey) recorder.passBegins();
    const response = await forward(endpoint, withConsumption(request));
    const { ConsumedCapacity } = consumedSchema.parse(JSON.parse(response.text));
    const units = ConsumedCapacity?.CapacityUnits ?? 0;
    requests.push({ operation, target: query?.IndexName ?? keyOf(request), units });
    if (isSweep) recorder.add({ queries: 1, readUnits: units });
    if (operation === 'GetItem') recorder.add({ rowReads: 1 });
    return response;
  });
  return { ...listening, requests };
}

const keyOf = ({ body }: DynamoDbRequest): string =>
  (body.Key ?? body.Item)?.[sessionsTable.partitionKey].S ?? '';

const withConsumption = (request: DynamoDbRequest): DynamoDbRequest => ({
  ...request,
  text: JSON.stringify({ ...request.body, ReturnConsumedCapacity: 'TOTAL' }),
});
