import { AppError } from '../app-error.ts';
import type { Call } from '../call.ts';

/** A machine's names for itself: nobody else's name server decides where these lead. */
export const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

interface ForeignOptions {
  /** The hosts that are served, in lower case and without a port. */
  hosts: readonly string[];
  /** Origins of web pages that may call, besides those of the hosts themselves. */
  origins: readonly string[];
}

/**
 * Refuses requests that a foreign web page can make a browser send to a service that trusts every
 * client: requests for a host name that was pointed here (DNS rebinding), and requests of another
 * origin, which a browser sends without a preflight if they are simple ones.
 * @throws AppError `insufficient_scope`
 */
export const refuseForeign =
  ({ hosts, origins }: ForeignOptions) =>
  ({ incoming: { headers } }: Call): void => {
    const host = (headers.host ?? '').toLowerCase();
    if (!hosts.includes(withoutPort(host))) {
      throw refusal(
        `the host ${shown(host)} is not served; call this service as ${hosts.join(', ')}`,
      );
    }
    const origin = headers.origin?.toLowerCase();
    if (origin !== undefined && !origins.includes(origin) && !isOriginOf(host, origin)) {
      throw refusal(
        `requests from pages of ${shown(origin)} are refused; CORS_ORIGINS allows an origin`,
      );
    }
  };

const refusal = (message: string): AppError => new AppError('insufficient_scope', message);

const withoutPort = (host: string): string => host.replace(/:\d{1,5}$/, '');

/** Compares with the port, which is part of an origin. */
const isOriginOf = (host: string, origin: string): boolean =>
  ['http:', 'https:'].some((protocol) => origin === originAt(protocol, host));

function originAt(protocol: string, host: string): string | undefined {
  const url = `${protocol}//${host}`;
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 200));
