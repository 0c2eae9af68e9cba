import {
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose';
import type { Clock } from '../../process/clock.ts';
import { isOlder } from '../../process/is-older.ts';
import { parseKeySet } from '../key-set-file.ts';

/** The issuer's key server gave no keys, and the ones that are known do not help. */
export class KeysUnavailableError extends Error {
  constructor(cause: unknown) {
    super('the issuer’s keys cannot be had', { cause });
    this.name = 'KeysUnavailableError';
  }
}

/** Keys older than this are requested anew, by the next token. */
const maxAgeMs = 10 * 60_000;
/** Between a response and the next request, whatever keys tokens name. */
export const cooldownMs = 10_000;
/** Between a failure and the next question. */
export const failureCooldownMs = 5_000;
const requestTimeoutMs = 5_000;
const maxResponseBytes = 1024 * 1024;

interface RemoteKeysOptions {
  url: string;
  clock: Clock;
  /** Called when the server begins to fail, and when it recovers. */
  onOutage: (isOut: boolean, cause?: unknown) => void;
}

/**
 * The keys that a URL publishes. They are fetched once for all who wait, kept through an outage of
 * any length, and requested anew when they are ten minutes old or a token names an unknown one;
 * then at most once in ten seconds, so that a flood of made-up names is no flood of fetches.
 * @returns what throws KeysUnavailableError where the key of a token is not known and the server
 * does not help.
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
    // jose would refuse tokens once the keys are older and the server does not respond; their age
    // is watched here instead.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: fetchUnlessFailing,
  });

  return async (header, token) => {
    if (lastResponseAt !== undefined && isOlder(lastResponseAt, maxAgeMs, clock.now())) {
      const reloaded = remote.reload().catch(() => {});
      // Whoever comes first learns of a key that was withdrawn. In an outage nobody waits for what
      // will not come.
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
