import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Dispatcher } from 'undici';
import { createIdleTimer } from './idle-timer.ts';
import type { ResponseSink } from './response-sink.ts';
import { createUploadBody } from './upload-body.ts';

export interface ProxyRequest {
  origin: string;
  method: string;
  path: string;
  headers: string[];
  /** If it is the client's own message, it is streamed. */
  body: Buffer | IncomingMessage | null;
}

export interface ProxyOptions {
  clock: Clock;
  dispatcher: Dispatcher;
  outgoing: ServerResponse;
  /** Receives the response and writes it into `outgoing`. */
  response: ResponseSink;
  /** True for a status that is meant for us and not for the client: the response is dropped. */
  isRejected?: (status: number) => boolean;
  idleTimeoutMs: number;
  /** How long an upload may make no progress. */
  uploadStallLimitMs: number;
  onSent?: () => void;
}

/** How one attempt to forward a request ended. */
export type ProxyOutcome =
  /** No connection was established: nothing was sent. */
  | { kind: 'unconnected'; error: Error }
  /** The request may have arrived, and the client has received nothing. */
  | { kind: 'broken'; error: Error }
  | { kind: 'idle_timeout' }
  /** `isRejected` returned true for its status. */
  | { kind: 'rejected'; status: number }
  /** The response does not continue the part that the client already has. */
  | { kind: 'mismatched'; status: number }
  | { kind: 'responded'; status: number }
  /**
   * The response was interrupted, and the client has a part of it. `brought` is true if this
   * attempt delivered any bytes.
   */
  | { kind: 'truncated'; reason: 'broken' | 'idle_timeout'; brought: boolean }
  | { kind: 'client_left' };

/**
 * Sends a request and streams its response into `response`, no faster than `outgoing` accepts it.
 * Whatever arrives after the last phase is ignored.
 *
 *     connecting ──► waiting ──► receiving ──► done
 *     unconnected    broken      responded
 *                    idle_timeout truncated
 *                    rejected
 *                    mismatched
 *     client_left    client_left client_left
 *
 * @throws AppError `invalid_request` if the client's upload stalls
 */
export function proxyRequest(request: ProxyRequest, options: ProxyOptions): Promise<ProxyOutcome> {
  const { clock, dispatcher, outgoing, response, idleTimeoutMs } = options;
  if (outgoing.destroyed) return Promise.resolve({ kind: 'client_left' });
  return new Promise((resolve, reject) => {
    let phase: 'connecting' | 'waiting' | 'receiving' | 'done' = 'connecting';
    let controller: Dispatcher.DispatchController | undefined;
    let responseStatus = 0;
    let brought = false;

    const end = (outcome: ProxyOutcome) => {
      if (phase === 'done') return;
      phase = 'done';
      idleTimer.stop();
      outgoing.off('close', onClientLeft);
      outgoing.off('drain', onDrained);
      resolve(outcome);
    };
    /** Aborts the request; one that is not connected yet is aborted as soon as it is. */
    const abandon = (outcome: ProxyOutcome) => {
      end(outcome);
      controller?.abort(new Error(`the request ended: ${outcome.kind}`));
      upload?.stream.destroy();
    };
    const interrupt = (reason: 'broken' | 'idle_timeout', error: Error) => {
      const delivered = response.interrupt();
      if (delivered === 'whole') abandon({ kind: 'responded', status: responseStatus });
      else if (delivered === 'part') abandon({ kind: 'truncated', reason, brought });
      else
        abandon(reason === 'idle_timeout' ? { kind: 'idle_timeout' } : { kind: 'broken', error });
    };
    /** No response has arrived yet, so the client gets this error instead. */
    const refuse = (error: Error) => {
      if (phase !== 'waiting') return;
      reject(error);
      abandon({ kind: 'client_left' });
    };
    const onClientLeft = () => abandon({ kind: 'client_left' });
    const onDrained = () => {
      idleTimer.reset();
      controller?.resume();
    };

    const upload =
      request.body === null || Buffer.isBuffer(request.body)
        ? undefined
        : createUploadBody(request.body, {
            clock,
            onChunk: () => idleTimer.reset(),
            onBroken: onClientLeft,
            stallLimitMs: options.uploadStallLimitMs,
            onStalled: refuse,
          });
    const idleTimer = createIdleTimer({
      clock,
      limitMs: idleTimeoutMs,
      isPaused: () => controller?.paused === true || upload?.waitsForClient() === true,
      onIdle: () =>
        interrupt('idle_timeout', new Error('the upstream sent nothing until the idle timeout')),
    });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (phase === 'done')
          return started.abort(new Error('the client left before the connection was made'));
        phase = 'waiting';
        idleTimer.start();
        options.onSent?.();
      },
      onResponseStart(_, status, headers) {
        if (phase !== 'waiting' || status < 200) return;
        idleTimer.reset();
        if (options.isRejected?.(status)) return abandon({ kind: 'rejected', status });
        if (!response.begin(status, headers)) return abandon({ kind: 'mismatched', status });
        phase = 'receiving';
        responseStatus = status;
      },
      onResponseData(_, chunk) {
        if (phase !== 'receiving') return;
        idleTimer.reset();
        brought = true;
        response.write(chunk);
        if (outgoing.writableNeedDrain) controller?.pause();
      },
      // A response may be complete before the upload is: undici then aborts the upload, and the
      // response counts.
      onResponseEnd() {
        if (phase !== 'receiving') return;
        response.end();
        end({ kind: 'responded', status: responseStatus });
      },
      onResponseError(_, error) {
        if (phase === 'connecting') abandon({ kind: 'unconnected', error });
        else if (phase !== 'done') interrupt('broken', error);
      },
    };

    // Register this before the dispatch: a client may leave while the connection is being
    // established.
    outgoing.once('close', onClientLeft);
    outgoing.on('drain', onDrained);
    const { origin, method, path, headers } = request;
    dispatcher.dispatch(
      { origin, method, path, headers, body: upload?.stream ?? bufferOf(request.body) },
      handler,
    );
  });
}

const bufferOf = (body: ProxyRequest['body']): Buffer | null =>
  Buffer.isBuffer(body) ? body : null;
