import type { CutOffLine } from '@steppe/contracts/step';
import { parseAccept } from 'hono/utils/accept';
import { toRawJson } from '../../protocol/raw-json.ts';
import { eventText, type KeptEvent } from '../../steps/step-events.ts';

type ResponseFormat = 'json' | 'sse' | 'ndjson';

const formats = new Map<string, ResponseFormat>([
  ['text/event-stream', 'sse'],
  ['application/x-ndjson', 'ndjson'],
  ['application/json', 'json'],
]);

/**
 * The format that `Accept` prefers, the first of equal ones; JSON if it names no supported format.
 */
export function responseFormat(accept: string | undefined): ResponseFormat {
  for (const { type, q } of parseAccept(accept ?? '')) {
    const format = formats.get(type.toLowerCase());
    if (format && q > 0) return format;
  }
  return 'json';
}

/** How events are written on the wire. */
export interface EventFormat {
  contentType: string;
  event(event: KeptEvent): string;
  keepalive: string;
  cutOff(line: CutOffLine): string;
}

export const eventFormats: Record<'sse' | 'ndjson', EventFormat> = {
  sse: {
    contentType: 'text/event-stream',
    event: (event) =>
      sseEvent([
        ['event', event.type],
        ['id', event.seq],
        ['data', eventText(event)],
      ]),
    keepalive: ': keepalive\n\n',
    cutOff: (line) =>
      sseEvent([
        ['event', line.type],
        ['data', toRawJson(line)],
      ]),
  },
  ndjson: {
    contentType: 'application/x-ndjson',
    event: (event) => `${eventText(event)}\n`,
    keepalive: '{"type":"keepalive"}\n',
    cutOff: (line) => `${JSON.stringify(line)}\n`,
  },
};

/** @throws Error for a value with a line break, which would start another field or event. */
export const sseEvent = (fields: readonly [name: string, value: string | number][]): string =>
  `${fields.map(([name, value]) => sseField(name, String(value))).join('')}\n`;

function sseField(name: string, value: string): string {
  if (/[\r\n]/.test(value))
    throw new Error(`the field ${name} of a server-sent event has a line break`);
  return `${name}: ${value}\n`;
}
