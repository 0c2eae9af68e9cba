import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { createAnswerWriter } from './answer-writer.ts';
import { responseHeaders } from './response-headers.ts';
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
  /** Headers that the answer has in any case, by their names in lower case. */
  ownHeaders: Readonly<Record<string, string>>;
  silenceLimitMs: number;
  /** True for an answer that is meant for us and not for the client. */
  declines: (status: number) => boolean;
  onSent?: () => void;
}

/** How one try of forwarding ended. After the last three of these the client has what it will get. */
export type ExchangeEnd =
  /** No connection was made: nothing was sent. */
  | { kind: 'unconnected'; error: Error }
  /** The request may have arrived, and no answer came. */
  | { kind: 'broken'; error: Error }
  | { kind: 'silent' }
  | { kind: 'declined'; status: number }
  | { kind: 'answered'; status: number }
  /** The answer broke off, and so the client's connection was. */
  | { kind: 'truncated'; reason: 'broken' | 'silent' }
  | { kind: 'client_left' };

/**
 * Sends a request and streams its answer into `outgoing`. The phases follow one another; whatever comes when the exchange is
 * over is ignored.
 *
 *     connecting ──► waiting ──► answering ──► over
 *     unconnected    broken      answered
 *                    silent      truncated
 *                    declined
 *     client_left    client_left client_left
 */
export function exchange(request: ExchangeRequest, options: ExchangeOptions): Promise<ExchangeEnd> {
  const { upstream, outgoing, silenceLimitMs } = options;
  if (outgoing.destroyed) return Promise.resolve({ kind: 'client_left' });
  return new Promise((resolve) => {
    let phase: 'connecting' | 'waiting' | 'answering' | 'over' = 'connecting';
    let controller: Dispatcher.DispatchController | undefined;
    let answerStatus = 0;

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
    const truncate = (reason: 'broken' | 'silent') => {
      abandon({ kind: 'truncated', reason });
      outgoing.destroy();
    };
    const onClientLeft = () => abandon({ kind: 'client_left' });
    const onDrained = () => {
      clock.heard();
      controller?.resume();
    };

    const upload =
      request.body === null || Buffer.isBuffer(request.body)
        ? undefined
        : createUploadBody(request.body, { onChunk: () => clock.heard(), onBroken: onClientLeft });
    const answer = createAnswerWriter(outgoing, { onFull: () => controller?.pause(), onDrained });
    const clock = createSilenceClock({
      limitMs: silenceLimitMs,
      isExcused: () => controller?.paused === true || upload?.waitsForClient() === true,
      onSilence: () => (phase === 'answering' ? truncate('silent') : abandon({ kind: 'silent' })),
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
        if (options.declines(status)) return abandon({ kind: 'declined', status });
        phase = 'answering';
        answerStatus = status;
        answer.begin(status, responseHeaders(headers, options.ownHeaders));
      },
      onResponseData(_, chunk) {
        if (phase !== 'answering') return;
        clock.heard();
        answer.write(chunk);
      },
      // The answer may be whole before an upload is: undici then aborts the upload, and the answer counts.
      onResponseEnd() {
        if (phase !== 'answering') return;
        answer.end();
        end({ kind: 'answered', status: answerStatus });
      },
      onResponseError(_, error) {
        if (phase === 'answering') truncate('broken');
        else abandon({ kind: phase === 'connecting' ? 'unconnected' : 'broken', error });
      },
    };

    // Watched from before the dispatch: a client may leave while the connection is still being made.
    outgoing.once('close', onClientLeft);
    const { origin, method, path, headers } = request;
    upstream.dispatch({ origin, method, path, headers, body: upload?.stream ?? bufferOf(request.body) }, handler);
  });
}

const bufferOf = (body: ExchangeRequest['body']): Buffer | null => (Buffer.isBuffer(body) ? body : null);
