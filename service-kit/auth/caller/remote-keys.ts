import {
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose';
import { type Clock, isOlder } from '../../process/clock.ts';
import { parseKeySet } from '../key-set-file.ts';

/** The issuer's key server returned no keys, and the known keys do not include the token's. */
export class KeysUnavailableError extends Error {
  constructor(cause: unknown) {
    super('the issuer’s keys cannot be fetched', { cause });
    this.name = 'KeysUnavailableError';
  }
}

/** The next token triggers a new fetch of keys older than this. */
export const maxAgeMs = 10 * 60_000;
/** The minimum time between a response and the next request, whatever keys tokens name. */
export const cooldownMs = 10_000;
/** The minimum time between a failure and the next request. */
export const failureCooldownMs = 5_000;
export const requestTimeoutMs = 5_000;
const maxResponseBytes = 1024 * 1024;

interface RemoteKeysOptions {
  url: string;
  clock: Clock;
  /** Called when the server begins to fail, and when it recovers. */
  onOutage: (isOut: boolean, cause?: unknown) => void;
}

/**
 * The keys that a URL publishes. One fetch serves all waiting callers, and keys are kept through an
 * outage of any length. They are fetched again when they are ten minutes old or a token names an
 * unknown key; in the latter case at most once in ten seconds, so that a flood of invented names
 * does not cause a flood of fetches.
 * @returns a function that throws KeysUnavailableError if the key of a token is unknown and the
 * server does not provide it.
 */
export function createRemoteKeys({ url, clock, onOutage }: RemoteKeysOptions): JWTVerifyGetKey {
  let lastResponseAt: number | undefined;
  let failure: { at: number; error: KeysUnavailableError } | undefined;

  const fetchUnlessFailing: FetchImplementation = async (href, options) => {
    if (failure && !isOlder(failure.at, failureCooldownMs, clock.now())) throw failure.error;
    try {
      const set = parseKeySet(await textOf(await fetch(href, options)));
      lastResponseAt = clock.now();
      if (failure) onOutage(false);
      failure = undefined;
      return Response.json(set);
    } catch (cause) {
      if (!failure) onOutage(true, cause);
      failure = { at: clock.now(), error: new KeysUnavailableError(cause) };
      throw failure.error;
    }
  };

  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: requestTimeoutMs,
    cooldownDuration: cooldownMs,
    // By default, jose would refuse tokens once the keys are too old and the server does not
    // respond; this module tracks their age instead.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: fetchUnlessFailing,
  });

  return async (header, token) => {
    if (lastResponseAt !== undefined && isOlder(lastResponseAt, maxAgeMs, clock.now())) {
      const reloaded = remote.reload().catch(() => {});
      // The first caller waits, so that it notices a withdrawn key. In an outage nobody waits for a
      // response that will not arrive.
      if (!failure) await reloaded;
    }
    return remote(header, token);
  };
}

async function textOf(response: Response): Promise<string> {
  if (response.status !== 200) throw new Error(`the key server returned ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxResponseBytes)
      throw new Error(`the key server returned more than ${maxResponseBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
