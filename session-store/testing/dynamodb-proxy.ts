import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { socketPathOf } from '@steppe/contracts/unix-socket';
import * as z from 'zod';
import { type Listening, listen } from '../dynalite/listen.ts';
import { sessionsTable } from '../dynamodb/key-schema.ts';

const keyed = z.looseObject({ [sessionsTable.partitionKey]: z.looseObject({ S: z.string() }) });
const bodySchema = z.looseObject({
  TableName: z.string(),
  ConsistentRead: z.boolean().optional(),
  Key: keyed.optional(),
  Item: keyed.optional(),
});

export interface DynamoDbRequest {
  /** `GetItem`, `PutItem` and so on. */
  operation: string;
  body: z.infer<typeof bodySchema>;
  text: string;
  headers: Record<string, string>;
}

export interface DynamoDbResponse {
  status: number;
  text: string;
}

/**
 * Listens in front of an endpoint: `handle` forwards the request or fakes the response; null breaks
 * the connection.
 */
export const startDynamoDbProxy = (
  handle: (request: DynamoDbRequest) => Promise<DynamoDbResponse | null>,
): Promise<Listening> => {
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const result = await readRequest(incoming)
      .then(handle)
      .catch((error: unknown) => ({ status: 500, text: String(error) }));
    if (result === null) response.destroy();
    else
      response
        .writeHead(result.status, { 'content-type': 'application/x-amz-json-1.0' })
        .end(result.text);
  };
  return listen(createServer((incoming, response) => void serve(incoming, response)));
};

export const forward = async (
  endpoint: string,
  { headers, text }: DynamoDbRequest,
): Promise<DynamoDbResponse> => {
  const socketPath = socketPathOf(endpoint);
  const options = { method: 'POST', headers, signal: AbortSignal.timeout(5_000), agent: false };
  const sent =
    socketPath === undefined ? request(endpoint, options) : request({ ...options, socketPath });
  const responded = once(sent, 'response') as Promise<[IncomingMessage]>;
  sent.end(text);
  const [response] = await responded;
  return { status: response.statusCode ?? 0, text: await textOf(response) };
};

const readRequest = async (incoming: IncomingMessage): Promise<DynamoDbRequest> => {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  const target = String(incoming.headers['x-amz-target']);
  const headers: Record<string, string> = { 'x-amz-target': target };
  for (const name of ['content-type', 'authorization', 'x-amz-date'] as const) {
    const value = incoming.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return {
    operation: target.split('.').at(-1) ?? '',
    body: bodySchema.parse(JSON.parse(text)),
    text,
    headers,
  };
};
