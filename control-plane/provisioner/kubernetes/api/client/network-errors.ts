import { KubeApiError } from '../kube-api-error.ts';

/** The connection could not be opened, so that the API server has not seen the request. */
const unsentCodes = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Translates what undici, TLS or the reading of the credentials threw. */
export function toKubeApiError(cause: unknown): KubeApiError {
  if (cause instanceof KubeApiError) return cause;
  const why = cause instanceof Error ? cause.message || codeOf(cause) : String(cause);
  return new KubeApiError('unavailable', `the API server cannot be reached: ${why}`, { cause });
}

export const wasNeverSent = ({ cause }: KubeApiError): boolean => unsentCodes.has(codeOf(cause));

/** The connections were closed on our side: every further attempt would fail in the same way. */
export const wasClosedByUs = ({ cause }: KubeApiError): boolean =>
  ['UND_ERR_CLOSED', 'UND_ERR_DESTROYED'].includes(codeOf(cause));

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';
