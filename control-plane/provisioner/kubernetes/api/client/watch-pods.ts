import { StringDecoder } from 'node:string_decoder';
import * as z from 'zod';
import type { PodWatchEvent } from '../kube-api.ts';
import { podSchema } from '../kube-objects.ts';
import type { KubeCaller } from './call-kube-api.ts';
import { toKubeApiError } from './network-errors.ts';
import { readWatchError } from './read-status.ts';

/** etcd's own limit of an object is 1.5 MiB. */
const maxLineLength = 8 * 1024 * 1024;

const bookmarkSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const lineSchema = z.object({ type: z.string(), object: z.unknown() });

const podEvents = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

/** Reads the events of one watch request. */
export async function* watchPods(
  caller: KubeCaller,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<PodWatchEvent> {
  const { body } = await caller.open({ method: 'GET', path }, signal);
  try {
    for await (const line of readLines(body, maxLineLength)) {
      const event = readEvent(line);
      if (event) yield event;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw toKubeApiError(error);
  } finally {
    body.destroy();
  }
}

/** Null for a type that only a newer API server knows. */
function readEvent(line: string): PodWatchEvent | null {
  const { type, object } = lineSchema.parse(JSON.parse(line));
  if (type === 'ERROR') throw readWatchError(object);
  if (type === 'BOOKMARK') {
    const { resourceVersion } = bookmarkSchema.parse(object).metadata;
    return { type: 'bookmark', resourceVersion };
  }
  return isPodEvent(type) ? { type: podEvents[type], pod: podSchema.parse(object) } : null;
}

const isPodEvent = (type: string): type is keyof typeof podEvents => type in podEvents;

/**
 * Yields the lines of a stream without their line feeds.
 * @throws RangeError for a line of more than `maxLength` characters, SyntaxError for an end in the
 *   middle of a line.
 */
async function* readLines(
  chunks: AsyncIterable<Buffer>,
  maxLength: number,
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const lines = decoder.write(chunk).split('\n');
    for (const [index, part] of lines.entries()) {
      parts.push(part);
      length += part.length;
      if (length > maxLength) throw new RangeError(`a line is longer than ${maxLength} characters`);
      if (index === lines.length - 1) break;
      yield parts.join('');
      [parts, length] = [[], 0];
    }
  }
  if (length > 0 || decoder.end() !== '') throw new SyntaxError('the last line is not complete');
}
