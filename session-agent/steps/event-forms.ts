import type { CutOffLine, StepEvent } from '@steppe/contracts/step';

/** How events are written on the wire. */
export interface EventForm {
  contentType: string;
  event(event: StepEvent): string;
  keepalive: string;
  cutOff(line: CutOffLine): string;
}

export const eventForms: Record<'sse' | 'ndjson', EventForm> = {
  sse: {
    contentType: 'text/event-stream',
    event: (event) => `event: ${event.type}\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`,
    keepalive: ': keepalive\n\n',
    cutOff: (line) => `event: ${line.type}\ndata: ${JSON.stringify(line)}\n\n`,
  },
  ndjson: {
    contentType: 'application/x-ndjson',
    event: (event) => `${JSON.stringify(event)}\n`,
    keepalive: '{"type":"keepalive"}\n',
    cutOff: (line) => `${JSON.stringify(line)}\n`,
  },
};
