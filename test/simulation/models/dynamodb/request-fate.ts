import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Operation } from './run-operation.ts';

/** The probability of each kind of fault in a request. */
export interface TableFaults {
  /** The table's throughput is used up, and so are the SDK's attempts. */
  throttled: number;
  /** The connection breaks before the request arrives. */
  lostBefore: number;
  /** The connection breaks after a write took effect. */
  lostAfter: number;
  /** The response to a write is lost, and the SDK sends the write again. */
  retried: number;
  /** The SDK sends a slow write again, and the second attempt arrives first. */
  overtaken: number;
  /** A request takes seconds: its caller may give up, and a write takes effect later. */
  slow: number;
  /** For some seconds from this request on, no request arrives. */
  outage: number;
  /** As `lostAfter`, and an outage begins at the same time. */
  lostToOutage: number;
}

export const noTableFaults: Readonly<TableFaults> = {
  throttled: 0,
  lostBefore: 0,
  lostAfter: 0,
  retried: 0,
  overtaken: 0,
  slow: 0,
  outage: 0,
  lostToOutage: 0,
};

/** What becomes of a request, in ms from its sending. */
export type RequestFate =
  | { failure: Error; afterMs: number }
  /** The SDK's attempts that arrive. The caller gets the response to one of them at most. */
  | { attempts: readonly { afterMs: number; response: 'given' | 'lost' | 'ignored' }[] };

export interface FateOptions {
  /** Read at every request. */
  faults: Readonly<TableFaults>;
  onFault(kind: string): void;
}

/** The SDK's limit of one attempt, as in create-client.ts. */
const attemptLimitMs = 1_000;

/** @returns a function that draws the fate of one request. */
export function createFates(kernel: Kernel, options: FateOptions) {
  const random = kernel.random('dynamodb faults');
  const draw = createDraw(kernel, options);
  const outages = createOutages(kernel, options);
  return (operation: Operation): RequestFate => {
    if (outages.isOut())
      return { failure: connectionLost(), afterMs: random.between(100, 3 * attemptLimitMs) };
    if (draw('throttled')) return { failure: throttled(), afterMs: random.between(50, 500) };
    if (draw('lostBefore')) return { failure: connectionLost(), afterMs: random.between(1, 500) };
    const afterMs = draw('slow') ? random.between(200, 6_000) : random.between(0.5, 6);
    const isRead = operation === 'GetItem' || operation === 'Query';
    if (!isRead && draw('lostAfter')) return { attempts: [{ afterMs, response: 'lost' }] };
    if (!isRead && draw('lostToOutage')) {
      outages.begin(5_000);
      return { attempts: [{ afterMs, response: 'lost' }] };
    }
    if (!isRead && draw('retried'))
      return twoAttempts(afterMs, afterMs + random.between(30, attemptLimitMs));
    if (!isRead && draw('overtaken')) {
      const secondMs = attemptLimitMs + afterMs;
      return twoAttempts(secondMs + random.between(1, 5_000), secondMs);
    }
    return { attempts: [{ afterMs, response: 'given' }] };
  };
}

const twoAttempts = (firstMs: number, secondMs: number): RequestFate => ({
  attempts: [
    { afterMs: firstMs, response: 'ignored' },
    { afterMs: secondMs, response: 'given' },
  ],
});

/** Of its own stream: a kind of fault that is off shifts no draw of the others. */
const createDraw = (kernel: Kernel, { faults, onFault }: FateOptions) => {
  const random = kernel.random('dynamodb kinds of faults');
  return (kind: keyof TableFaults): boolean => {
    const isDrawn = random.chance(faults[kind]);
    if (isDrawn) onFault(`dynamodb ${kind}`);
    return isDrawn;
  };
};

const createOutages = (kernel: Kernel, options: FateOptions) => {
  const random = kernel.random('dynamodb outages');
  let endMs = 0;
  const begin = (leastMs = 500) => {
    endMs = kernel.nowMs + random.between(leastMs, 15_000);
  };
  return {
    begin,
    isOut(): boolean {
      if (random.chance(options.faults.outage)) begin();
      if (kernel.nowMs >= endMs) return false;
      options.onFault('dynamodb outage');
      return true;
    },
  };
};

export const connectionLost = (): Error =>
  Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

const throttled = (): Error =>
  new DynamoDBServiceException({
    name: 'ProvisionedThroughputExceededException',
    message: 'the throughput of the table is used up',
    $fault: 'client',
    $metadata: {},
  });
