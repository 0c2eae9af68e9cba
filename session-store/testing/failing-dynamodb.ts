import { createServer } from 'node:http';
import { type Listening, listen } from '../dynalite/listen.ts';
import { type DynamoDbRequest, forward, startDynamoDbProxy } from './dynamodb-proxy.ts';

export interface FailingDynamoDb extends Listening {
  /** The number of requests received. */
  requests(): number;
}

/** Responds to every request as DynamoDB does when the table's throughput is used up. */
export const startThrottlingDynamoDb = (): Promise<FailingDynamoDb> =>
  startRefusing(400, 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException');

/** Responds to every request with the error named `type`. */
export const startRefusing = async (status: number, type: string): Promise<FailingDynamoDb> => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: type, message: 'refused' }));
  });
  return { ...(await listen(server)), requests: () => requests };
};

/** Accepts every request and never responds. */
export const startStallingDynamoDb = async (): Promise<FailingDynamoDb> => {
  let requests = 0;
  const server = createServer((request) => {
    requests += 1;
    request.resume();
  });
  return { ...(await listen(server)), requests: () => requests };
};

/** Responds to each read after `delayMs` that the row does not exist. */
export const startSlowDynamoDb = (delayMs: number): Promise<Listening> =>
  listen(
    createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      setTimeout(() => response.end('{}'), delayMs);
    }),
  );

/** An endpoint whose port was just released: connections are refused. */
export const refusingEndpoint = async (): Promise<string> => {
  const { endpoint, close } = await listen(createServer());
  await close();
  return endpoint;
};

/**
 * Executes the first PutItem or UpdateItem and breaks the connection instead of responding;
 * forwards everything else.
 */
export const startForgetfulDynamoDb = (endpoint: string): Promise<Listening> => {
  let forget = true;
  return startDynamoDbProxy(async (request) => {
    const response = await forward(endpoint, request);
    if (!['PutItem', 'UpdateItem'].includes(request.operation) || !forget) return response;
    forget = false;
    return null;
  });
};

export interface LateDynamoDb extends Listening {
  /**
   * Executes the write that was held back; returns the status of its response, which nobody waits
   * for any more.
   */
  land(): Promise<number>;
}

/** Holds the first PutItem back until the test calls `land`; forwards everything else. */
export const startLateDynamoDb = async (endpoint: string): Promise<LateDynamoDb> => {
  let held: DynamoDbRequest | undefined;
  const proxy = await startDynamoDbProxy((request) => {
    if (request.operation !== 'PutItem' || held) return forward(endpoint, request);
    held = request;
    return new Promise(() => {});
  });
  return {
    ...proxy,
    async land() {
      if (!held) throw new Error('no PutItem has come');
      return (await forward(endpoint, held)).status;
    },
  };
};
