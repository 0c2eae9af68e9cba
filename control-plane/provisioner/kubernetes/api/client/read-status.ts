import * as z from 'zod';
import { KubeApiError, type KubeApiErrorKind } from '../kube-api-error.ts';

/** The object that Kubernetes returns instead of the expected one. */
const statusSchema = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.number().optional(),
  details: z
    .object({ kind: z.string().optional(), retryAfterSeconds: z.number().optional() })
    .optional(),
});
type Status = z.infer<typeof statusSchema>;

interface ErrorResponse {
  status: number;
  /** The header Retry-After. */
  retryAfter?: string | undefined;
  /** The body: a Status object, or the page of a proxy in between. */
  text: string;
}

/** Reads a response that is no success. */
export function readStatus({ status, retryAfter, text }: ErrorResponse): KubeApiError {
  const found = parseStatus(text);
  const seconds = found.details?.retryAfterSeconds ?? readSeconds(retryAfter);
  const message = found.message ?? `the API server responded with status ${status}`;
  return new KubeApiError(kindOf(status, found), message, {
    status,
    retryAfterMs: seconds === undefined ? undefined : seconds * 1000,
  });
}

/** Reads the Status object of a watch event of type ERROR. */
export function readWatchError(object: unknown): KubeApiError {
  const found = statusSchema.safeParse(object);
  const status = (found.success && found.data.code) || 500;
  return readStatus({ status, text: JSON.stringify(object) });
}

function kindOf(status: number, { reason, message, details }: Status): KubeApiErrorKind {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return 'invalid';
    case 401:
      return 'forbidden';
    case 403:
      // The reason of a used up quota is Forbidden too: its message alone tells the two apart.
      return /exceeded quota: /.test(message ?? '') ? 'quota_exceeded' : 'forbidden';
    case 404:
      return 'not_found';
    case 409:
      if (reason === 'AlreadyExists') return 'already_exists';
      // Creates compete for the quota's own object: nothing was created, as with throttling.
      return details?.kind === 'resourcequotas' ? 'too_many_requests' : 'conflict';
    case 410:
      return 'gone';
    case 429:
      return 'too_many_requests';
    case 408:
    case 504:
      return 'timeout';
    default:
      return reason === 'Expired' ? 'gone' : 'unavailable';
  }
}

function parseStatus(text: string): Status {
  try {
    return statusSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

function readSeconds(text: string | undefined): number | undefined {
  const seconds = Number(text);
  return text && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
