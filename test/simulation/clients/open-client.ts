import { type ErrorCode, errorBodySchema } from '@steppe/contracts/errors';
import { tenantIdSchema } from '@steppe/contracts/ids';
import type { Network } from '@steppe/service-kit/http/network';
import type { Clock } from '@steppe/service-kit/process/clock';
import { Agent, type Dispatcher } from 'undici';
import { authorizationOf } from '../../../control-plane/testing/tenant-verifier.ts';
import type { ApiCaller, ApiResponse, Reply } from '../../chaos/drive/api-caller.ts';
import { readResponse } from '../../chaos/drive/read-response.ts';
import type { FaultGroup, History } from '../history/history.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random-stream.ts';
import { checkRefusalAfterEnd } from './check-step-after-end.ts';
import { watchRoutes } from './watch-routes.ts';

/** What clients need of the world. */
export interface ClientParts {
  kernel: Kernel;
  clock: Clock;
  history: History;
  network: Pick<Network, 'createConnector'>;
  /** Each call goes to one of them. */
  dataPlaneUrls: readonly string[];
  sessionQuota: number;
}

/** One tenant's program, in its own process. */
export interface Client extends ClientParts, Neighbourhood, ApiCaller {
  name: string;
  /** Sessions that may be live, as far as this client knows: ids, and labels of lost creates. */
  mayBeLive: Set<string>;
  /** How many creates go on. */
  creating: number;
  random: RandomStream;
  close(): Promise<void>;
}

interface Neighbourhood {
  /** The tenant of each session that any client has created. */
  neighbours: Map<string, string>;
}

type ApiCall = Parameters<ApiCaller['call']>[0];

const connectTimeoutMs = 1_000;
/** Longer than any step or create of these clients takes, with all that the planes wait for. */
const longestCallMs = 100_000;
/** What may leave a call without a response for longer; the planes give up all else before. */
const slowing: readonly FaultGroup[] = ['network', 'process', 'back-off'];
/** Internal to the planes, or a failure that the API does not describe. */
const unexplained: ReadonlySet<ErrorCode> = new Set(['internal', 'misdirected', 'unauthenticated']);

export function openClient(parts: ClientParts & Neighbourhood, name: string): Client {
  const { kernel, clock, network, history, dataPlaneUrls } = parts;
  const random = kernel.random(name);
  const authorization = authorizationOf(tenantIdSchema.parse(name));
  const connect = network.createConnector(connectTimeoutMs);
  const dispatcher = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0 });
  const routes = watchRoutes(parts);

  const send = async (origin: string, call: ApiCall): Promise<Reply> => {
    const { method, path, body, headers, limitMs } = call;
    const isObject = typeof body === 'object';
    const sentMs = clock.now();
    const giveUp = new AbortController();
    const cancel = clock.after(limitMs ?? longestCallMs, () => {
      giveUp.abort(new Error('the client gave up'));
      if (limitMs === undefined && history.wasCalm(sentMs, clock.now(), slowing))
        history.violate('late-response', `${method} ${path} of ${name} has no complete response`);
    });
    const response = await dispatcher
      .request({
        origin,
        path,
        method,
        headers: {
          authorization,
          ...(isObject && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: isObject ? JSON.stringify(body) : (body ?? null),
        signal: giveUp.signal,
      })
      .catch(() => undefined);
    if (!response) {
      cancel();
      return { kind: 'broken' };
    }
    response.body.once('close', cancel);
    if (response.statusCode < 400) return { kind: 'response', response: toApiResponse(response) };
    const refusal = await readResponse(response.body, errorBodySchema);
    return refusal
      ? { kind: 'refusal', status: response.statusCode, error: refusal.error }
      : { kind: 'broken' };
  };

  return {
    ...parts,
    name,
    random,
    mayBeLive: new Set(),
    creating: 0,
    async call(call) {
      const origin = random.pick(dataPlaneUrls);
      const sentMs = clock.now();
      const reply = await send(origin, call);
      const what = `${call.method} ${call.path}`;
      history.tell(name, `${what} ${outcomeOf(reply)}`);
      history.count(`call ${outcomeOf(reply)}`);
      if (reply.kind === 'refusal' && unexplained.has(reply.error.code))
        history.violate('response-explained', `${what} of ${name}: ${reply.error.message}`);
      routes.note({ origin, path: call.path, sentMs }, reply);
      checkRefusalAfterEnd(history, { path: call.path, nowMs: clock.now() }, reply);
      return reply;
    },
    close: () => dispatcher.destroy(),
  };
}

const outcomeOf = (reply: Reply): string =>
  reply.kind === 'response'
    ? String(reply.response.status)
    : reply.kind === 'refusal'
      ? `${reply.status} ${reply.error.code}`
      : 'broken';

const toApiResponse = ({ statusCode, headers, body }: Dispatcher.ResponseData): ApiResponse => ({
  status: statusCode,
  headers: { get: (name) => [headers[name]].flat()[0] ?? null },
  body,
  text: () => body.text(),
});
