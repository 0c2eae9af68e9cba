import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';
import type { ProxyOutcome } from '../http-proxy/proxy-request.ts';
import type { ResponseSink } from '../http-proxy/response-sink.ts';
import type { RestartRequest } from './request-body.ts';
import { type BufferedResponse, createBufferedResponse } from './resume/buffered-response.ts';
import type { AgentUpstream } from './upstream.ts';

interface RestartOptions {
  agentUpstream: AgentUpstream;
  path: string;
  /** The client's. */
  request: RestartRequest;
  response: ResponseSink;
  isRejected: (status: number) => boolean;
}

/**
 * No interpreter ever is at this epoch: a restart of it is refused with the epoch that there is,
 * and does nothing.
 */
const noEpoch = Number.MAX_SAFE_INTEGER;
/** How often another restart may come between, before its refusal is shown. */
const mostTries = 4;

/**
 * Restarts the interpreter once, also where the agent's response is lost: what is sent names the
 * epoch that is to end, which the agent reports where the client named none. Sent again, it is
 * refused if it was carried out, and the refusal names the new epoch.
 */
export async function restartByEpoch({
  agentUpstream,
  path,
  request,
  response,
  isRejected,
}: RestartOptions): Promise<ProxyOutcome> {
  const client = createWaitingClient(response);
  const restart = async (epoch: number) => {
    const agentRequest = { method: 'POST', path, body: Buffer.from(JSON.stringify({ epoch })) };
    const buffered = createBufferedResponse({ isRejected, onWaiting: client.keepWaiting });
    const end = await agentUpstream.request(agentRequest, buffered, () => agentRequest);
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
    // Where the client named no epoch, that of another restart meanwhile is as good.
    const mayTryAgain = request.epoch === undefined && present !== undefined && tries < mostTries;
    if (!mayTryAgain) {
      return client.forwardTo(buffered)
        ? end
        : { kind: 'truncated', reason: 'broken', brought: true };
    }
    epoch = present;
  }
}

/**
 * Of the body of a refusal only this is needed: a newer agent may say more, or use codes that are
 * not known here.
 */
const refusalSchema = z.object({ error: z.object({ code: z.string(), details: z.unknown() }) });
const mismatchSchema = z.object({ epoch: z.number().int() });

/** The epoch that a refusal names; undefined for any other response. */
function presentEpoch(buffered: BufferedResponse): number | undefined {
  if (buffered.status() !== 409) return undefined;
  const { error } = refusalSchema.parse(JSON.parse(buffered.body().toString()));
  return error.code === 'epoch_mismatch' ? mismatchSchema.parse(error.details).epoch : undefined;
}

/**
 * The client has the head of a 200, and spaces, where the agent took long: only the JSON of a 200
 * can follow then.
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
    /** @returns false where it is no 200 and the client was promised one. */
    forwardTo(buffered: BufferedResponse): boolean {
      if (!waits) buffered.forwardTo(response);
      else if (buffered.status() === 200) finish(buffered.body());
      else return false;
      return true;
    },
  };
}
