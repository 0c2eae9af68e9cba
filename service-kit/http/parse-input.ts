import { errorMessages } from '@steppe/contracts/errors/error-messages';
import * as z from 'zod';
import { AppError } from './app-error.ts';
import { errorMap } from './error-map.ts';

/**
 * Parses input from outside.
 * @param what names the input in the message: `body`, `query`, `path`.
 * @throws AppError `invalid_request` with the first issues in `details.issues`
 * (`details.more_issues` counts the others), or `payload_too_large` if a schema named a limit that
 * was exceeded.
 */
export function parseInput<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> {
  const parsed = schema.safeParse(value, { error: errorMap });
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const tooLarge = issues.find(isLimitIssue);
  if (tooLarge) {
    throw new AppError('payload_too_large', tooLarge.message, { details: tooLarge.params });
  }
  const named = issues
    .slice(0, shownIssues)
    .map((issue) => ({ path: cut(pathOf(issue)), message: cut(issue.message) }));
  const first = named[0];
  throw new AppError(
    'invalid_request',
    errorMessages.invalid_request(
      what,
      first?.path ?? '',
      first?.message ?? 'it breaks the schema',
    ),
    {
      details: {
        issues: named,
        ...(issues.length > shownIssues && { more_issues: issues.length - shownIssues }),
      },
    },
  );
}

/**
 * The caller chooses the invalid input: a response that repeated all of it would be larger than the
 * request.
 */
const shownIssues = 20;
const shownCharacters = 500;
const cut = (text: string): string =>
  text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;

type Issue = z.core.$ZodIssue;

const isLimitIssue = (
  issue: Issue,
): issue is Issue & { params: { limit: string; max_bytes: number } } =>
  issue.code === 'custom' && typeof issue.params?.limit === 'string';

function pathOf(issue: Issue): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') path.push(issue.keys.join(', '));
  return path.join('.');
}

/**
 * Returns the query's parameters by name. @throws AppError `invalid_request` for a repeated one.
 */
export function readQuery(search: string): Record<string, string> {
  const pairs = [...new URLSearchParams(search)];
  const seen = new Set<string>();
  const twice = pairs.map(([name]) => name).find((name) => seen.size === seen.add(name).size);
  if (twice === undefined) return Object.fromEntries(pairs);
  const message = `the query has ${twice} more than once`;
  throw new AppError('invalid_request', message, {
    details: { issues: [{ path: twice, message }] },
  });
}

const noneSchema = z.strictObject({});

/** @throws AppError `invalid_request` for any parameter at all. */
export function refuseQuery(search: string): void {
  if (search.length > 1) parseInput(noneSchema, readQuery(search), 'query');
}
