import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '@steppe/service-kit/process/clock';

/** The certificates of a connection. */
export type TlsOptions = Pick<
  RequestOptions,
  'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'
>;

export interface Credentials {
  headers: Readonly<Record<string, string>>;
  /** The same object as long as its content does not change. */
  tls: TlsOptions;
}

export interface KubeCredentials {
  /** @throws Error if the configuration cannot be read. */
  read(): Promise<Credentials>;
  /** The API server refused these: unless they were replaced already, the next read loads anew. */
  refuse(refused: Credentials): void;
}

interface KubeCredentialsOptions {
  load: () => KubeConfig;
  clock: Pick<Clock, 'monotonicMs'>;
}

/** The kubelet renews a token when a fifth of its life, two minutes or more, is left. */
const maxAgeMs = 10_000;

/**
 * Tokens of service accounts expire and certificates are replaced while we run: files are read
 * again after ten seconds (client-node itself keeps a token for a minute), and at once after a
 * refusal. A kubeconfig's program that prints a token runs again when the token expires.
 */
export function createKubeCredentials({ load, clock }: KubeCredentialsOptions): KubeCredentials {
  let config: KubeConfig | undefined;
  let reading: { at: number; credentials: Promise<Credentials> } | undefined;
  let current: Credentials | undefined;

  const look = async (): Promise<Credentials> => {
    try {
      config ??= load();
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const tls = tlsOf(options);
      const unchanged = current && isDeepStrictEqual(current.tls, tls) ? current.tls : tls;
      current = { headers: headersOf(options), tls: unchanged };
      return current;
    } catch (error) {
      reading = undefined;
      throw error;
    }
  };

  return {
    read() {
      const now = clock.monotonicMs();
      if (!reading || now - reading.at > maxAgeMs) reading = { at: now, credentials: look() };
      return reading.credentials;
    },
    refuse(refused) {
      if (refused !== current) return;
      reading = undefined;
      config = undefined;
    },
  };
}

const tlsOf = ({ ca, cert, key, rejectUnauthorized, servername }: RequestOptions): TlsOptions => ({
  ...(ca !== undefined && { ca }),
  ...(cert !== undefined && { cert }),
  ...(key !== undefined && { key }),
  ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  ...(servername !== undefined && { servername }),
});

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) found[name] = String(value).trim();
  if (typeof auth === 'string')
    found.Authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  return found;
}
