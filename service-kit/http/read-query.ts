import * as z from 'zod';
import { AppError } from './app-error.ts';
import { parseInput } from './parse-input.ts';

/**
 * Returns the query's parameters by name. @throws AppError `invalid_request` for a repeated one.
 */
export function readQuery(url: string): Record<string, string> {
  const pairs = [...new URL(url).searchParams];
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
export function refuseQuery(url: string): void {
  parseInput(noneSchema, readQuery(url), 'query');
}
