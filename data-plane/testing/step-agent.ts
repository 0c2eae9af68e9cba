import type { RequestListener, ServerResponse } from 'node:http';

interface FakeStep {
  /** Texts of the events so far; the last one is `end` once the step has ended. */
  texts: string[];
  /** Called when there are more events. */
  changed: Set<() => void>;
  submitted: number;
}

export interface StepAgent {
  handle: RequestListener;
  step: FakeStep;
  add(...texts: string[]): void;
  /** Like `add`, but connections that the last event would end stay open. */
  addUnended(...texts: string[]): void;
}

const at = '2026-11-25T12:00:00.000Z';

const forms = {
  'text/event-stream': (seq: number, type: string, text: string) =>
    `event: ${type}\nid: ${seq}\ndata: ${JSON.stringify({ type, text, seq, at })}\n\n`,
  'application/x-ndjson': (seq: number, type: string, text: string) =>
    `${JSON.stringify({ type, text, seq, at })}\n`,
};

/**
 * Plays the part of an agent that matters to an interrupted response: one step, joined by its id,
 * whose events are replayed from any of them.
 */
export function createStepAgent(): StepAgent {
  const step: FakeStep = { texts: [], changed: new Set(), submitted: 0 };
  let staysOpen = false;
  const isOver = () => step.texts.at(-1) === 'end';
  const follow = (accept: keyof typeof forms, after: number, res: ServerResponse) => {
    res.writeHead(200, { 'content-type': accept }).flushHeaders();
    let next = after;
    const write = () => {
      for (; next < step.texts.length; next++) {
        const text = step.texts[next] ?? '';
        res.write(forms[accept](next + 1, text === 'end' ? 'step_ended' : 'stdout', text));
      }
      if (isOver() && !staysOpen) res.end();
    };
    step.changed.add(write);
    res.once('close', () => step.changed.delete(write));
    write();
  };
  const responseWhole = (res: ServerResponse) => {
    const write = () => {
      if (isOver()) res.end(JSON.stringify({ stdout: step.texts.join('') }));
    };
    res.writeHead(200, { 'content-type': 'application/json' }).write(' ');
    step.changed.add(write);
    write();
  };
  const add = (...texts: string[]) => {
    step.texts.push(...texts);
    for (const notify of step.changed) notify();
  };
  return {
    step,
    add,
    addUnended(...texts) {
      staysOpen = true;
      add(...texts);
    },
    handle(req, res) {
      const accept = req.headers.accept ?? '';
      const isStream = accept === 'text/event-stream' || accept === 'application/x-ndjson';
      const query = new URL(req.url ?? '', 'http://agent').searchParams;
      const after = Number(req.headers['last-event-id'] || query.get('after') || 0);
      req.resume().on('end', () => {
        if (req.method === 'POST') step.submitted++;
        if (isStream) follow(accept, after, res);
        else responseWhole(res);
      });
    },
  };
}

/** The stream of a whole step as a client receives it. */
export const wholeStream = (accept: keyof typeof forms, texts: string[], after = 0): string =>
  texts
    .map((text, i) => forms[accept](i + 1, text === 'end' ? 'step_ended' : 'stdout', text))
    .slice(after)
    .join('');
