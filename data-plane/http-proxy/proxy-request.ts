import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '@steppe/service-kit/process/clock';
import type { Dispatcher } from 'undici';
import { IdleTimer } from './idle-timer.ts';
import type { ResponseSink } from './response-writer.ts';
import { createUploadBody, type UploadBody } from './upload-body.ts';

export interface ProxyRequest {
  origin: string;
  method: string;
  path: string;
  headers: string[];
  /** If it is the client's own message, it is streamed. */
  body: Buffer | IncomingMessage | null;
}

/** How requests are forwarded: the same for all of them. */
export interface ProxySettings {
  clock: Clock;
  dispatcher: Dispatcher;
  /** True for a status that is meant for us and not for the client: the response is dropped. */
  isRejected?: (status: number) => boolean;
  idleTimeoutMs: number;
  /** How long an upload may make no progress. */
  uploadStallLimitMs: number;
}

export interface ProxyClient {
  outgoing: ServerResponse;
  /** Receives the response and writes it into `outgoing`. */
  response: ResponseSink;
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
export function proxyRequest(
  request: ProxyRequest,
  client: ProxyClient,
  settings: ProxySettings,
): Promise<ProxyOutcome> {
  if (client.outgoing.destroyed) return Promise.resolve({ kind: 'client_left' });
  const { origin, method, path, headers, body } = request;
  return new Promise((resolve, reject) => {
    const attempt = new Attempt(body, { client, settings, resolve, reject });
    settings.dispatcher.dispatch({ origin, method, path, headers, body: attempt.body }, attempt);
  });
}

interface AttemptOptions {
  client: ProxyClient;
  settings: ProxySettings;
  resolve: (outcome: ProxyOutcome) => void;
  reject: (error: Error) => void;
}

/** The handler that undici calls: one attempt, from its dispatch to its outcome. */
class Attempt implements Dispatcher.DispatchHandler {
  readonly body: Buffer | Readable | null;
  readonly #options: AttemptOptions;
  readonly #upload: UploadBody | undefined;
  readonly #idleTimer: IdleTimer;
  #phase: 'connecting' | 'waiting' | 'receiving' | 'done' = 'connecting';
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #brought = false;

  constructor(body: ProxyRequest['body'], options: AttemptOptions) {
    const { clock, idleTimeoutMs, uploadStallLimitMs } = options.settings;
    const { outgoing } = options.client;
    this.#options = options;
    this.#idleTimer = new IdleTimer({
      clock,
      limitMs: idleTimeoutMs,
      isPaused: () => this.#controller?.paused === true || this.#upload?.waitsForClient() === true,
      onIdle: () => this.#interrupt('idle_timeout', idleError()),
    });
    if (body !== null && !Buffer.isBuffer(body)) {
      this.#upload = createUploadBody(body, {
        clock,
        onChunk: () => this.#idleTimer.reset(),
        onBroken: this.#onClientLeft,
        stallLimitMs: uploadStallLimitMs,
        onStalled: (error) => this.#refuse(error),
      });
    }
    this.body = Buffer.isBuffer(body) ? body : (this.#upload?.stream ?? null);
    // Before the dispatch: a client may leave while the connection is being established.
    outgoing.on('close', this.#onClientLeft).on('drain', this.#onDrained);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#phase === 'done') {
      controller.abort(new Error('the client left before the connection was made'));
      return;
    }
    this.#phase = 'waiting';
    this.#idleTimer.start();
    this.#options.client.onSent?.();
  }

  onResponseStart(_: unknown, status: number, headers: IncomingHttpHeaders): void {
    const { client, settings } = this.#options;
    if (this.#phase !== 'waiting' || status < 200) return;
    this.#idleTimer.reset();
    this.#status = status;
    if (settings.isRejected?.(status)) this.#abandon({ kind: 'rejected', status });
    else if (!client.response.begin(status, headers)) this.#abandon({ kind: 'mismatched', status });
    else this.#phase = 'receiving';
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    if (this.#phase !== 'receiving') return;
    this.#idleTimer.reset();
    this.#brought = true;
    const { outgoing, response } = this.#options.client;
    response.write(chunk);
    if (outgoing.writableNeedDrain) this.#controller?.pause();
  }

  /** A response may be complete before the upload: undici aborts that, and the response counts. */
  onResponseEnd(): void {
    if (this.#phase !== 'receiving') return;
    this.#options.client.response.end();
    this.#end({ kind: 'responded', status: this.#status });
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.#phase === 'connecting') this.#abandon({ kind: 'unconnected', error });
    else if (this.#phase !== 'done') this.#interrupt('broken', error);
  }

  readonly #onClientLeft = (): void => this.#abandon({ kind: 'client_left' });

  readonly #onDrained = (): void => {
    this.#idleTimer.reset();
    this.#controller?.resume();
  };

  #interrupt(reason: 'broken' | 'idle_timeout', error: Error): void {
    const delivered = this.#options.client.response.interrupt();
    if (delivered === 'whole') this.#abandon({ kind: 'responded', status: this.#status });
    else if (delivered === 'part')
      this.#abandon({ kind: 'truncated', reason, brought: this.#brought });
    else this.#abandon(reason === 'idle_timeout' ? { kind: reason } : { kind: reason, error });
  }

  /** The client gets this error, unless a response has begun. */
  #refuse(error: Error): void {
    if (this.#phase !== 'waiting') return;
    this.#options.reject(error);
    this.#abandon({ kind: 'client_left' });
  }

  /** Aborts the request; one that is not connected yet is aborted as soon as it is. */
  #abandon(outcome: ProxyOutcome): void {
    this.#end(outcome);
    this.#controller?.abort(new Error(`the request ended: ${outcome.kind}`));
    this.#upload?.stream.destroy();
  }

  #end(outcome: ProxyOutcome): void {
    if (this.#phase === 'done') return;
    this.#phase = 'done';
    this.#idleTimer.stop();
    const { outgoing } = this.#options.client;
    outgoing.off('close', this.#onClientLeft).off('drain', this.#onDrained);
    this.#options.resolve(outcome);
  }
}

const idleError = (): Error => new Error('the upstream sent nothing until the idle timeout');
