import { types } from 'node:util';
import type { StepError } from '../../messages.ts';
import { cutText, inspectSafely } from './shown-value.ts';

const maxCauses = 10;
const shownElsewhere = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/**
 * Describes any thrown value. One that is not an error is `Uncaught`, as in the REPL. Never throws.
 */
export function describeError(
  thrown: unknown,
  withoutOwnFrames: (stack: string) => string,
): StepError {
  try {
    return describe(thrown, withoutOwnFrames);
  } catch {
    // A proxy, or an accessor of the error, throws.
    const message = 'The error cannot be shown: reading it throws.';
    return { name: 'Error', message, traceback: [`Error: ${message}`] };
  }
}

function describe(thrown: unknown, withoutOwnFrames: (stack: string) => string): StepError {
  if (!isErrorLike(thrown)) {
    const message = cutText(inspectSafely(thrown));
    return { name: 'Uncaught', message, traceback: cutText(`Uncaught ${message}`).split('\n') };
  }
  const name = nameOf(thrown);
  const lines = [
    ...linesOf(thrown, withoutOwnFrames),
    ...propertiesOf(thrown),
    ...causesOf(thrown, withoutOwnFrames, new Set([thrown])),
  ];
  return {
    name: name.slice(0, 256),
    message: cutText(textOf(thrown, 'message') ?? ''),
    traceback: cutText(lines.join('\n')).split('\n'),
  };
}

function causesOf(
  error: object,
  withoutOwnFrames: (stack: string) => string,
  seen: Set<object>,
): string[] {
  const parts: [string, unknown][] = [['cause', read(error, 'cause')]];
  const errors = read(error, 'errors');
  if (Array.isArray(errors))
    for (let index = 0; index < Math.min(errors.length, maxCauses); index += 1)
      parts.push([`errors ${index}`, errors[index]]);
  return parts.flatMap(([label, part]) => {
    if (part === undefined) return [];
    if (!isErrorLike(part)) return [`[${label}]: ${inspectSafely(part)}`];
    if (seen.has(part) || seen.size > maxCauses) return [`[${label}]: …`];
    seen.add(part);
    const [first = '', ...rest] = linesOf(part, withoutOwnFrames);
    return [`[${label}]: ${first}`, ...rest, ...causesOf(part, withoutOwnFrames, seen)];
  });
}

/** The error's own properties, such as a code, which the REPL prints below the stack too. */
function propertiesOf(error: object): string[] {
  const shown = dataOf(error).filter(([key]) => !shownElsewhere.has(key));
  return shown.length === 0 ? [] : inspectSafely(Object.fromEntries(shown), 0).split('\n');
}

/** Its enumerable properties without accessors; none if a proxy refuses to list them. */
function dataOf(error: object): [key: string, value: unknown][] {
  try {
    const descriptors = Object.entries(Object.getOwnPropertyDescriptors(error));
    return descriptors.flatMap(([key, { enumerable, value }]) =>
      enumerable && value !== undefined ? [[key, value]] : [],
    );
  } catch {
    return [];
  }
}

function linesOf(error: object, withoutOwnFrames: (stack: string) => string): string[] {
  const stack = textOf(error, 'stack');
  const name = nameOf(error);
  if (stack === undefined || stack === '')
    return `${name}: ${textOf(error, 'message') ?? ''}`.split('\n');
  // V8 wrote the stack with the name that a subclass inherits.
  const named =
    name !== textOf(error, 'name') && stack.startsWith('Error')
      ? name + stack.slice('Error'.length)
      : stack;
  return withoutOwnFrames(named).split('\n');
}

/** Instances of `class MyError extends Error {}` are named after their class, as in the REPL. */
function nameOf(error: object): string {
  const name = textOf(error, 'name') ?? 'Error';
  const maker = name === 'Error' ? read(error, 'constructor') : undefined;
  const own = typeof maker === 'function' ? textOf(maker, 'name') : undefined;
  return own || name;
}

/** Includes errors of other realms, and objects of libraries that look like errors. */
function isErrorLike(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return (
    types.isNativeError(value) ||
    (textOf(value, 'message') !== undefined && textOf(value, 'stack') !== undefined)
  );
}

function textOf(holder: object, key: string): string | undefined {
  const value = read(holder, key);
  return typeof value === 'string' ? value : undefined;
}

/** A getter of the error may throw. */
function read(holder: object, key: string): unknown {
  try {
    return Reflect.get(holder, key);
  } catch {
    return undefined;
  }
}
