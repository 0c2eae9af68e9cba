import { join } from 'node:path';
import { newSessionId } from '@steppe/contracts/testing/new-ids';
import type { LoadRequest } from '../load/load-spec.ts';
import { stepResponse } from '../peers/fake-agent/step-response.ts';
import { startNginxProxy, startNginxUpstream } from '../peers/nginx/start-nginx.ts';
import type { Bench } from '../row.ts';
import { type NodeCommand, plainNode, portIn, startProgram } from '../run/start-program.ts';
import { startHopDataPlane } from './hop-data-plane.ts';

/** What forwards a request: ours, and its peers. */
export interface Forwarder {
  pid: number;
  port: number;
}

/** The hop alone: three forwarders in front of one upstream, each with the same core. */
export interface Hop {
  ours: Forwarder & { logFile: string };
  nginx: Forwarder;
  bare: Forwarder & { logFile: string };
  upstreamPort: number;
  /** The table that the data-plane reads. */
  tableEndpoint: string;
  authorization: string;
}

interface HopOptions {
  /** Absent: an nginx that responds to each request with the same result. */
  agentPort?: number;
  /** Starts the forwarders that run on Node. */
  node?: NodeCommand;
}

export async function openHop(
  { directory, onClose }: Bench,
  { agentPort, node = plainNode }: HopOptions = {},
): Promise<Hop> {
  const upstreamPort = agentPort ?? (await openUpstream({ directory, onClose }));
  const nginx = onClose(
    await startNginxProxy({ directory: join(directory, 'nginx'), cores: 'subject' }, upstreamPort),
  );
  const ours = onClose(await startHopDataPlane({ directory, agentPort: upstreamPort, node }));
  const logFile = join(directory, 'bare-proxy.log');
  const bare = onClose(
    startProgram('bare-proxy', {
      cores: 'subject',
      node,
      logFile,
      args: [`http://127.0.0.1:${upstreamPort}`],
    }),
  );
  return {
    ours,
    nginx,
    bare: { pid: bare.pid, port: await portIn(logFile), logFile },
    upstreamPort,
    tableEndpoint: ours.tableEndpoint,
    authorization: ours.authorization,
  };
}

async function openUpstream({ directory, onClose }: Pick<Bench, 'directory' | 'onClose'>) {
  const options = { directory: join(directory, 'upstream'), cores: 'rest' } as const;
  return onClose(await startNginxUpstream(options, stepResponse.body)).port;
}

/** A small step for a session that no other request is for, unless it is given. */
export const stepRequest = (
  authorization: string,
  sessionId: string = newSessionId(),
): LoadRequest => ({
  method: 'POST',
  path: `/v1/sessions/${sessionId}/steps`,
  headers: { authorization, 'content-type': 'application/json' },
  body: JSON.stringify({ code: 'x += 1' }),
});
