import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import type { ResponseSink } from '../http-proxy/response-writer.ts';
import type { AgentCall } from './agent-call.ts';
import type { RestartRequest } from './request-body.ts';
import { type BufferedResponse, createBufferedResponse } from './resume/buffered-response.ts';
import type { AgentUpstream } from './upstream.ts';

interface RestartOptions {
  upstream: AgentUpstream;
  call: AgentCall;
  path: string;
  /** The request of the client. */
  request: RestartRequest;
  response: ResponseSink;
}

/**
 * No interpreter ever reaches this epoch: the agent refuses a restart of it, does nothing, and
 * reports its current epoch.
 */
const noEpoch = Number.MAX_SAFE_INTEGER;
/** How often another restart may interfere before the client gets the refusal. */
const maxTries = 4;

/**
 * Restarts the interpreter exactly once, even if the agent's response is lost. The request names
 * the epoch to end; if the client named none, the agent reports its current one first. If the first
 * request was executed, the agent refuses the repeated one and names the new epoch.
 */
export async function restartByEpoch({
  upstream,
  call,
  path,
  request,
  response,
}: RestartOptions): Promise<ProxyOutcome> {
  const client = createWaitingClient(response);
  const restart = async (epoch: number) => {
    const agentRequest = { method: 'POST', path, body: Buffer.from(JSON.stringify({ epoch })) };
    const buffered = createBufferedResponse({ onWaiting: client.keepWaiting });
    const end = await upstream.send(call, agentRequest, {
      response: buffered,
      nextRequest: () => agentRequest,
    });
    return {
      end,
      buffered,
      present: end.kind === 'responded' ? presentEpoch(buffered) : undefined,
    };
  };

  let epoch = request.epoch;
  for (let tries = 0; ; tries++) {
    const { end, buffered, present } = await restart(epoch ?? noEpoch);
    if (end.kind !== 'responded') return end;
    if (epoch !== undefined && present === epoch + 1 && buffered.wasInterrupted()) {
      client.respondWithEpoch(present);
      return { kind: 'responded', status: 200 };
    }
    // If the client named no epoch, it accepts an epoch that another restart created meanwhile.
    const mayTryAgain = request.epoch === undefined && present !== undefined && tries < maxTries;
    if (!mayTryAgain) {
      return client.forwardTo(buffered)
        ? end
        : { kind: 'truncated', reason: 'broken', brought: true };
    }
    epoch = present;
  }
}

/** The fields of a refusal that this module reads: newer agents may add fields and codes. */
const refusalSchema = z.object({ error: z.object({ code: z.string(), details: z.unknown() }) });
const mismatchSchema = z.object({ epoch: z.number().int() });

/** The epoch that a refusal names; undefined for any other response. */
function presentEpoch(buffered: BufferedResponse): number | undefined {
  if (buffered.status() !== 409) return undefined;
  const { error } = refusalSchema.parse(JSON.parse(buffered.body().toString()));
  return error.code === 'epoch_mismatch' ? mismatchSchema.parse(error.details).epoch : undefined;
}

/**
 * If the agent takes long, the client gets the head of a 200 and spaces. Only the JSON of a 200 can
 * follow them.
 */
function createWaitingClient(response: ResponseSink) {
  let waits = false;
  const finish = (body: Buffer) => {
    response.write(body);
    response.end();
  };
  return {
    keepWaiting(headers: IncomingHttpHeaders, spaces: Buffer): void {
      if (!waits) response.begin(200, headers);
      waits = true;
      response.write(spaces);
    },
    respondWithEpoch(epoch: number): void {
      const body = Buffer.from(JSON.stringify({ epoch }));
      if (!waits)
        response.begin(200, {
          'content-type': 'application/json',
          'content-length': String(body.length),
        });
      finish(body);
    },
    /** @returns false if the client already has the head of a 200 and this is another status. */
    forwardTo(buffered: BufferedResponse): boolean {
      if (!waits) buffered.forwardTo(response);
      else if (buffered.status() === 200) finish(buffered.body());
      else return false;
      return true;
    },
  };
}
