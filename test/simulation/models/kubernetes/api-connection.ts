import type {
  KubeConnection,
  KubeRequest,
  KubeResponse,
} from '@steppe/control-plane/provisioner/kubernetes/api/client/kube-connection';
import { fakeStatus } from '@steppe/control-plane/provisioner/kubernetes/api/testing/fake-objects';
import type { ApiReply, ApiServer } from './api-server.ts';
import type { ClusterParts } from './cluster-parts.ts';
import { openWatch, ResponseBody } from './watch.ts';

/** Probabilities for each request. */
export interface RequestFaults {
  /** The connection is refused. */
  unreachable: number;
  /** As overloaded, or as forbidden while the roles are not loaded: the request is not executed. */
  refused: number;
  /** The connection breaks before the request is executed. */
  broken: number;
  /** The connection breaks after the request was executed. */
  responseLost: number;
  /** The request is executed seconds later: whoever sent it may have given up. */
  late: number;
}

const faultNames = ['unreachable', 'refused', 'broken', 'responseLost', 'late'] as const;
const refusals = [
  ...[429, 500, 503].map((status) => ({
    status,
    body: fakeStatus(status, 'Refused', 'the API server is overloaded'),
  })),
  { status: 403, body: fakeStatus(403, 'Forbidden', 'the API server has just started') },
];

interface ConnectionOptions extends ClusterParts {
  server: ApiServer;
}

/** The connections of the process that calls this to the API server. */
export function connectToApi(options: ConnectionOptions): KubeConnection {
  const { kernel, random, strikes, moment, server } = options;
  const process = kernel.current;
  /** Ends what waits for a response, or for the end of its body. */
  const open = new Set<(error: Error) => void>();
  let isClosed = false;
  const latency = () => random.between(0.5, 10);
  const respond = (act: () => void) => kernel.schedule(latency(), process, 'kube response', act);

  const toResponse = (reply: ApiReply, { path }: KubeRequest, signal: AbortSignal) => {
    const query = new URL(path, 'http://api').searchParams;
    const isWatch = reply.status === 200 && query.get('watch') === 'true';
    const body = isWatch
      ? openWatch({ ...options, process, query })
      : new ResponseBody(JSON.stringify(reply.body));
    const end = (error: Error) => body.destroy(error);
    open.add(end);
    body.once('close', () => open.delete(end));
    signal.addEventListener('abort', () => end(signal.reason), { once: true });
    const headers = reply.status === 429 ? { 'retry-after': '1' } : {};
    return { statusCode: reply.status, headers, body };
  };
  const transmit = (request: KubeRequest, signal: AbortSignal) =>
    new Promise<KubeResponse>((resolve, reject) => {
      const fail = (error: Error) => {
        open.delete(fail);
        reject(error);
      };
      open.add(fail);
      signal.addEventListener('abort', () => fail(signal.reason), { once: true });
      const failWith = (code: string) => respond(() => fail(networkError(code)));
      const fault = faultNames.find((name) => strikes(name));
      if (fault === 'unreachable') return failWith('ECONNREFUSED');
      const arrivesMs = fault === 'late' ? random.between(1_000, 40_000) : latency();
      kernel.schedule(arrivesMs, kernel.world, 'kube request', () => {
        if (fault === 'broken') return failWith('ECONNRESET');
        const reply = fault === 'refused' ? random.pick(refusals) : server.execute(request);
        if (fault === 'responseLost') return failWith('ECONNRESET');
        respond(() => open.delete(fail) && resolve(toResponse(reply, request, signal)));
      });
    });

  return {
    async send(request, _credentials, signal) {
      const what = `kube ${request.method} ${request.path.split(/[/?]/)[5]}`;
      await moment(what);
      signal.throwIfAborted();
      if (isClosed) throw networkError('UND_ERR_CLOSED');
      const response = await transmit(request, signal);
      await moment(`${what} done`);
      return response;
    },
    async close() {
      isClosed = true;
      for (const end of [...open]) end(networkError('UND_ERR_DESTROYED'));
    },
  };
}

const networkError = (code: string): Error => Object.assign(new Error(code), { code });
