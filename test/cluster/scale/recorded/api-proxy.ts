import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Listening, listen } from '@steppe/session-store/dynalite/listen';
import type { Recorder } from './work.ts';

export interface ApiProxy extends Listening {
  /** Paths with queries of the requests so far, after their methods. */
  requests: string[];
  /** Holds the next request for a page of a list of pods that is not its first page. */
  holdNextPage(): { reached: Promise<void>; release(): void };
}

/** Forwards to the API server of `config` with the credentials of each request. */
export async function startApiProxy(config: KubeConfig, recorder: Recorder): Promise<ApiProxy> {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('the Kubernetes configuration names no API server');
  const ca = Buffer.from(cluster.caData ?? '', 'base64');
  const agent = new Agent({ keepAlive: true, ca });
  const requests: string[] = [];
  let hold: { reached: () => void; released: Promise<void> } | undefined;

  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method, url = '', headers } = incoming;
    requests.push(`${method} ${url}`);
    const list = method === 'GET' && isListOfPods(url);
    if (hold && list && url.includes('continue=')) {
      const { reached, released } = hold;
      hold = undefined;
      reached();
      await released;
    }
    const sent = request(new URL(url, cluster.server), { method, headers, agent }, (upstream) => {
      response.writeHead(upstream.statusCode ?? 502, upstream.headers);
      if (list) recorder.add({ pages: 1 });
      upstream.on('data', (chunk: Buffer) => list && recorder.add({ podBytes: chunk.length }));
      upstream.on('error', () => response.destroy());
      upstream.pipe(response);
    });
    sent.on('error', () => response.destroy());
    response.on('close', () => sent.destroy());
    incoming.pipe(sent);
  };
  const listening = await listen(
    createServer((incoming, response) => void serve(incoming, response)),
  );
  return {
    requests,
    endpoint: listening.endpoint,
    async close() {
      await listening.close();
      agent.destroy();
    },
    holdNextPage() {
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const reached = new Promise<void>((resolve) => {
        hold = { reached: resolve, released };
      });
      return { reached, release: () => release() };
    },
  };
}

const isListOfPods = (url: string): boolean => /\/pods\?/.test(url) && !url.includes('watch=true');
