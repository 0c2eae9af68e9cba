import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import type { Credentials, TlsOptions } from './kube-credentials.ts';

export interface KubeRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the server's own path: `/api/v1/…`. */
  path: string;
  body?: object | undefined;
  contentType?: string;
}

export interface KubeResponse {
  statusCode: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Destroyed with the reason of the request's signal if that aborts before its end. */
  body: Readable & {
    text(): Promise<string>;
    /** Reads the rest and drops it. */
    dump(): Promise<void>;
  };
}

export interface KubeConnection {
  /** @throws undici's error, or the signal's reason. */
  send(request: KubeRequest, credentials: Credentials, signal: AbortSignal): Promise<KubeResponse>;
  /** Breaks off what is pending. Idempotent. */
  close(): Promise<void>;
}

interface KubeConnectionOptions {
  /** `https://host:port`, and a path before `/api` where a proxy wants one. */
  server: string;
  /** Requests above this number queue, and a watch counts as one while it lasts. */
  maxConnections: number;
  connectTimeoutMs: number;
}

/** The API server closes idle connections after 90 s. */
const idleMs = 60_000;

/**
 * Keep-alive connections to the API server. The request layer of client-node makes an agent, and so
 * a TLS handshake, for each request; and its watch drops a line that it cannot parse.
 */
export function createKubeConnection({
  server,
  maxConnections,
  connectTimeoutMs,
}: KubeConnectionOptions): KubeConnection {
  const { origin, pathname } = new URL(server);
  const prefix = pathname.replace(/\/$/, '');
  let open: { tls: TlsOptions; pool: Pool } | undefined;
  let isClosed = false;

  const poolFor = (tls: TlsOptions): Pool => {
    if (open?.tls === tls) return open.pool;
    // Requests that run on the previous connections, with the previous certificates, may finish.
    open?.pool.close().catch(() => undefined);
    const pool = new Pool(origin, {
      connections: maxConnections,
      connect: { ...tls, timeout: connectTimeoutMs },
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      // The callers have time limits, and a watch may be silent.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    if (isClosed) pool.destroy().catch(() => undefined);
    open = { tls, pool };
    return pool;
  };

  return {
    send: ({ method, path, body, contentType = 'application/json' }, { headers, tls }, signal) =>
      poolFor(tls).request({
        method,
        path: prefix + path,
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': 'steppe-control-plane',
          ...(body && { 'content-type': contentType }),
        },
        body: body ? JSON.stringify(body) : null,
        signal,
      }),
    async close() {
      isClosed = true;
      await open?.pool.destroy();
    },
  };
}
