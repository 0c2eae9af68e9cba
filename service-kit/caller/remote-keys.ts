import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { isOlder } from '../is-older.ts';
import { parseKeySet } from '../key-set-file.ts';

/** The issuer's key server gave no keys, and the ones that are known do not help. */
export class KeysUnavailable extends Error {
  constructor(cause: unknown) {
    super('the issuer’s keys cannot be had', { cause });
    this.name = 'KeysUnavailable';
  }
}

/** Keys older than this are asked for anew, by the next token. */
const maxAgeMs = 10 * 60_000;
/** Between an answer and the next question, whatever keys tokens name. */
export const cooldownMs = 10_000;
/** Between a failure and the next question. */
export const failureCooldownMs = 5_000;
const answerLimitMs = 5_000;
const answerLimitBytes = 1024 * 1024;

interface RemoteKeysOptions {
  url: string;
  /** Told when the server begins to fail, and when it answers again. */
  onOutage: (isOut: boolean, cause?: unknown) => void;
}

/**
 * The keys that a URL publishes. They are fetched once for all who wait, kept through an outage of any length, and asked for anew
 * when they are ten minutes old or a token names an unknown one; then at most once in ten seconds, so that a flood of made-up
 * names is no flood of fetches.
 * @returns what throws KeysUnavailable where the key of a token is not known and the server does not help.
 */
export function createRemoteKeys({ url, onOutage }: RemoteKeysOptions): JWTVerifyGetKey {
  let answeredAt: number | undefined;
  let failure: { at: number; error: KeysUnavailable } | undefined;

  const fetchUnlessFailing: FetchImplementation = async (href, options) => {
    if (failure && !isOlder(failure.at, failureCooldownMs, Date.now())) throw failure.error;
    try {
      const set = parseKeySet(await textOf(await fetch(href, options)));
      answeredAt = Date.now();
      if (failure) onOutage(false);
      failure = undefined;
      return Response.json(set);
    } catch (cause) {
      if (!failure) onOutage(true, cause);
      failure = { at: Date.now(), error: new KeysUnavailable(cause) };
      throw failure.error;
    }
  };

  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: answerLimitMs,
    cooldownDuration: cooldownMs,
    // jose would refuse tokens once the keys are older and the server does not answer; their age is watched here instead.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: fetchUnlessFailing,
  });

  return async (header, token) => {
    if (answeredAt !== undefined && isOlder(answeredAt, maxAgeMs, Date.now())) {
      const reloaded = remote.reload().catch(() => {});
      // Whoever comes first learns of a key that was withdrawn. In an outage nobody waits for what will not come.
      if (!failure) await reloaded;
    }
    return remote(header, token);
  };
}

async function textOf(answer: Response): Promise<string> {
  if (answer.status !== 200) throw new Error(`the key server answered ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerLimitBytes) throw new Error(`the key server answered more than ${answerLimitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
