import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { type FileConditions, fileConditionsSchema } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Call } from '@steppe/service-kit/http/call';
import { parseInput } from '@steppe/service-kit/http/parse-input';
import { entryOfUrl, segmentsOfUrl } from '../../workspace/file-path.ts';
import type { Check, FileVersion } from '../../workspace/workspace.ts';

/** The file that the URL names. */
export const fileOf = (call: Call): string[] => segmentsOfUrl(pathIn(call));

/** What the URL names: a file, or a directory if its path ends in a slash. */
export const entryOf = (call: Call) => entryOfUrl(pathIn(call));

/** From the raw path: the router's parameters are decoded already. */
function pathIn(call: Call): string {
  const { pathname } = call;
  const prefix = '/files/';
  return pathname.slice(pathname.indexOf(prefix) + prefix.length);
}

/** The conditions of a request. @throws AppError `invalid_request` for a malformed one */
export const readConditions = (call: Call): FileConditions =>
  parseInput(fileConditionsSchema, call.incoming.headers, 'header');

/** The check of a file before it is changed; undefined if the request sets no condition. */
export function checkOf(conditions: FileConditions): Check | undefined {
  if (Object.values(conditions).every((value) => value === undefined)) return undefined;
  return (current) => {
    requireMatch(conditions, current);
    const unwanted = conditions['if-none-match'];
    if (unwanted === undefined || !current || !names(unwanted, current.etag)) return;
    throw failed(
      unwanted.trim() === '*' ? 'the file exists already' : 'the file matches If-None-Match',
      current,
    );
  };
}

/** True for a request that may only create a file, not replace one. */
export const isOnlyNew = (conditions: FileConditions): boolean =>
  conditions['if-none-match']?.trim() === '*';

/**
 * Whether the reader has this version already.
 * @throws AppError `precondition_failed` if the reader requires another version
 */
export function isKnown(conditions: FileConditions, current: FileVersion): boolean {
  requireMatch(conditions, current);
  const known = conditions['if-none-match'];
  if (known !== undefined) return names(known, current.etag);
  const since = readDate(conditions['if-modified-since']);
  return since !== undefined && inSeconds(current.modifiedAt) <= since;
}

/** Whether a part may be sent. Only a strong tag allows it: dates do not distinguish versions. */
export const isStillSame = (
  ifRange: string | string[] | undefined,
  current: FileVersion,
): boolean => ifRange === undefined || String(ifRange).trim() === current.etag;

function requireMatch(conditions: FileConditions, current: FileVersion | undefined): void {
  const wanted = conditions['if-match'];
  const since = readDate(conditions['if-unmodified-since']);
  if (wanted !== undefined) {
    if (current && names(wanted, current.etag, 'strong')) return;
    throw failed(
      current ? 'the file has changed and does not match If-Match' : 'there is no file to match',
      current,
    );
  }
  if (since === undefined || !current || inSeconds(current.modifiedAt) <= since) return;
  throw failed('the file was changed after If-Unmodified-Since', current);
}

/** A weak tag never matches in a strong comparison; the agent's tags are all strong. */
function names(list: string, etag: string, comparison: 'strong' | 'weak' = 'weak'): boolean {
  if (list.trim() === '*') return true;
  const tags = list.match(/(W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (comparison === 'weak' && tag === `W/${etag}`));
}

/** Seconds of Unix time; an invalid HTTP date is ignored (RFC 9110, section 13.1.3). */
function readDate(text: string | undefined): number | undefined {
  const ms = text?.endsWith(' GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms / 1000;
}

const inSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);

const failed = (what: string, current: FileVersion | undefined): AppError =>
  new AppError('precondition_failed', errorMessages.precondition_failed(what), {
    details: { etag: current?.etag ?? null },
  });
