import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { AnswerSink } from './answer-sink.ts';
import { createSilenceClock } from './silence-clock.ts';
import { createUploadBody } from './upload-body.ts';

export interface ExchangeRequest {
  origin: string;
  method: string;
  path: string;
  headers: string[];
  /** The client's own message is streamed. */
  body: Buffer | IncomingMessage | null;
}

export interface ExchangeOptions {
  upstream: Dispatcher;
  outgoing: ServerResponse;
  /** Writes into `outgoing`. */
  answer: AnswerSink;
  silenceLimitMs: number;
  /** For how long an upload may stand still. */
  uploadStallLimitMs: number;
  onSent?: () => void;
}

/** How one try of forwarding ended. */
export type ExchangeEnd =
  /** No connection was made: nothing was sent. */
  | { kind: 'unconnected'; error: Error }
  /** The request may have arrived, and the client has nothing of an answer. */
  | { kind: 'broken'; error: Error }
  | { kind: 'silent' }
  | { kind: 'declined'; status: number }
  | { kind: 'answered'; status: number }
  /** The answer broke off, and the client has a part of it. `brought` is true where this try gave any of its bytes. */
  | { kind: 'truncated'; reason: 'broken' | 'silent'; brought: boolean }
  | { kind: 'client_left' };

/**
 * Sends a request and streams its answer into `answer`, no faster than `outgoing` takes it. The phases follow one another;
 * whatever comes when the exchange is over is ignored.
 *
 *     connecting ──► waiting ──► answering ──► over
 *     unconnected    broken      answered
 *                    silent      truncated
 *                    declined
 *     client_left    client_left client_left
 *
 * @throws AppError `invalid_request` where the client's upload stands still
 */
export function exchange(request: ExchangeRequest, options: ExchangeOptions): Promise<ExchangeEnd> {
  const { upstream, outgoing, answer, silenceLimitMs } = options;
  if (outgoing.destroyed) return Promise.resolve({ kind: 'client_left' });
  return new Promise((resolve, reject) => {
    let phase: 'connecting' | 'waiting' | 'answering' | 'over' = 'connecting';
    let controller: Dispatcher.DispatchController | undefined;
    let answerStatus = 0;
    let brought = false;

    const end = (how: ExchangeEnd) => {
      if (phase === 'over') return;
      phase = 'over';
      clock.stop();
      outgoing.off('close', onClientLeft);
      outgoing.off('drain', onDrained);
      resolve(how);
    };
    /** Ends without the upstream's consent; one that is not connected yet is aborted when it is. */
    const abandon = (how: ExchangeEnd) => {
      end(how);
      controller?.abort(new Error(`the exchange ended: ${how.kind}`));
      upload?.stream.destroy();
    };
    const breakOff = (reason: 'broken' | 'silent', error: Error) => {
      const delivered = answer.breakOff();
      if (delivered === 'whole') abandon({ kind: 'answered', status: answerStatus });
      else if (delivered === 'part') abandon({ kind: 'truncated', reason, brought });
      else abandon(reason === 'silent' ? { kind: 'silent' } : { kind: 'broken', error });
    };
    /** Nothing of an answer has come: it is ours to say what is wrong. */
    const refuse = (error: Error) => {
      if (phase !== 'waiting') return;
      reject(error);
      abandon({ kind: 'client_left' });
    };
    const onClientLeft = () => abandon({ kind: 'client_left' });
    const onDrained = () => {
      clock.heard();
      controller?.resume();
    };

    const upload =
      request.body === null || Buffer.isBuffer(request.body)
        ? undefined
        : createUploadBody(request.body, {
            onChunk: () => clock.heard(),
            onBroken: onClientLeft,
            stallLimitMs: options.uploadStallLimitMs,
            onStalled: refuse,
          });
    const clock = createSilenceClock({
      limitMs: silenceLimitMs,
      isExcused: () => controller?.paused === true || upload?.waitsForClient() === true,
      onSilence: () => breakOff('silent', new Error('the other side fell silent')),
    });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (phase === 'over') return started.abort(new Error('the client left before the connection was made'));
        phase = 'waiting';
        clock.start();
        options.onSent?.();
      },
      onResponseStart(_, status, headers) {
        if (phase !== 'waiting' || status < 200) return;
        clock.heard();
        if (!answer.begin(status, headers)) return abandon({ kind: 'declined', status });
        phase = 'answering';
        answerStatus = status;
      },
      onResponseData(_, chunk) {
        if (phase !== 'answering') return;
        clock.heard();
        brought = true;
        answer.write(chunk);
        if (outgoing.writableNeedDrain) controller?.pause();
      },
      // The answer may be whole before an upload is: undici then aborts the upload, and the answer counts.
      onResponseEnd() {
        if (phase !== 'answering') return;
        answer.end();
        end({ kind: 'answered', status: answerStatus });
      },
      onResponseError(_, error) {
        if (phase === 'connecting') abandon({ kind: 'unconnected', error });
        else if (phase !== 'over') breakOff('broken', error);
      },
    };

    // Watched from before the dispatch: a client may leave while the connection is still being made.
    outgoing.once('close', onClientLeft);
    outgoing.on('drain', onDrained);
    const { origin, method, path, headers } = request;
    upstream.dispatch({ origin, method, path, headers, body: upload?.stream ?? bufferOf(request.body) }, handler);
  });
}

const bufferOf = (body: ExchangeRequest['body']): Buffer | null => (Buffer.isBuffer(body) ? body : null);
