import { expect, it } from 'vitest';
import { createEventFilter } from './event-filter.ts';
import { type EventForm, eventFramings } from './event-framing.ts';

const forms = Object.keys(eventFramings) as EventForm[];
const keepalives: Record<EventForm, string> = {
  sse: ': keepalive\n\n',
  ndjson: '{"type":"keepalive"}\n',
};
const cutOffs: Record<EventForm, string> = {
  sse: 'event: cut_off\ndata: {"type":"cut_off"}\n\n',
  ndjson: '{"type":"cut_off"}\n',
};

/** An event whose texts look like framing. */
function eventOf(form: EventForm, type: string, seq: number, more: object = {}): string {
  const text = '\n\nid: 77\n{"type":"keepalive"}\n"seq":88,"at":"x"}\n';
  const data = JSON.stringify({ type, text, ...more, seq, at: '2026-11-25T12:00:00.000Z' });
  return form === 'sse' ? `event: ${type}\nid: ${seq}\ndata: ${data}\n\n` : `${data}\n`;
}
const text = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString();

it.each(forms)('lets only whole events of %s through, however they are split', (form) => {
  const whole = [
    keepalives[form],
    eventOf(form, 'stdout', 5),
    keepalives[form],
    // A bundle may have any keys, in any order.
    eventOf(form, 'result', 6, {
      seq: 0,
      'application/json': { type: 'step_ended', seq: 99, at: 'x' },
    }),
    keepalives[form],
    eventOf(form, 'result', 7, {
      'application/json': [{ type: 'keepalive' }, { type: 'cut_off' }],
    }),
    eventOf(form, 'step_ended', 8),
  ].join('');
  for (let size = 1; size <= whole.length; size++) {
    const filter = createEventFilter(form, 4);
    let got = '';
    for (let at = 0; at < whole.length; at += size) {
      got += text(filter.take(Buffer.from(whole.slice(at, at + size))));
      const isWhole = got === '' || got.endsWith(form === 'sse' ? '\n\n' : '\n');
      expect({ size, isWhole }).toEqual({ size, isWhole: true });
      expect(filter.lastSeq()).toBe(4 + (got.match(/"at":"2026/g) ?? []).length);
      expect(filter.isWhole()).toBe(got === whole);
    }
    expect({ size, got }).toEqual({ size, got: whole });
  }
});

it.each(forms)('reads an event of %s that arrives in two pieces, wherever it is split', (form) => {
  const events =
    eventOf(form, 'result', 1, { 'application/json': { type: 'step_ended' } }) + keepalives[form];
  for (let cut = 1; cut < events.length; cut++) {
    const filter = createEventFilter(form, 0);
    const got = [events.slice(0, cut), events.slice(cut)]
      .map((piece) => text(filter.take(Buffer.from(piece))))
      .join('');
    expect({ cut, got, seq: filter.lastSeq(), isWhole: filter.isWhole() }).toEqual({
      cut,
      got: events,
      seq: 1,
      isWhole: false,
    });
  }
});

it.each(forms)(
  'drops the beginning of an event of %s when the next response sends it whole',
  (form) => {
    const first = eventOf(form, 'stdout', 1);
    const rest = keepalives[form] + eventOf(form, 'stdout', 2);
    const filter = createEventFilter(form, 0);
    expect(text(filter.take(Buffer.from(first + rest.slice(0, 9))))).toMatch(first.slice(0, 9));
    filter.nextResponse();
    expect(text(filter.take(Buffer.from(rest)))).toBe(rest);
    expect([filter.lastSeq(), filter.isWhole(), text(filter.finish())]).toEqual([2, false, '']);
  },
);

it.each(forms)(
  'does not count a keepalive of %s as an event, and treats a cut-off line as the last event',
  (form) => {
    const filter = createEventFilter(form, 3);
    filter.take(Buffer.from(keepalives[form].repeat(3)));
    expect([filter.lastSeq(), filter.isWhole()]).toEqual([3, false]);
    filter.take(Buffer.from(eventOf(form, 'step_ended', 4) + keepalives[form]));
    expect([filter.lastSeq(), filter.isWhole()]).toEqual([4, true]);
    const other = createEventFilter(form, 3);
    other.take(Buffer.from(cutOffs[form]));
    expect([other.lastSeq(), other.isWhole()]).toEqual([3, true]);
  },
);

it.each(forms)('releases what is left unfinished when a response of %s ends normally', (form) => {
  const filter = createEventFilter(form, 0);
  filter.take(Buffer.from('a b'));
  expect(text(filter.finish())).toBe('a b');
});

const unreadable: Record<EventForm, string[]> = {
  sse: [
    'event: step_ended\nid: 9\ndata: {"type":"stdout"}\n\n',
    'event: stdout\nid: 9\nid: 10\ndata: {"type":"stdout"}\n\n',
    'event: stdout\ndata: {"type":"stdout"}\n\n',
    'event: stdout\nid: 99999999999999999999\ndata: {"type":"stdout"}\n\n',
    'event: stdout\nid: 0\ndata: {"type":"stdout"}\n\n',
    'id: 9\ndata: x\n\n',
    'x\n\n',
  ],
  ndjson: [
    '{"type":"step_ended","text":"a\n',
    '{"type":"step_ended","seq":"9","at":"x"}\n',
    '{"type":"step_ended","seq":9.5,"at":"x"}\n',
    '{"type":"step_ended","seq":0,"at":"x"}\n',
    '{"type":"step_ended","seq":9007199254740993,"at":"x"}\n',
    '{"type":"step_ended","type":"stdout","seq":9,"text":"x"}\n',
    '{"type":"step_ended"}\n',
    '{"seq":9,"type":"step_ended"}\n',
    'null\n',
    'x\n',
  ],
};

it.each(forms.flatMap((form) => unreadable[form].map((text) => [form, text] as const)))(
  'does not resume after an event of %s that it cannot read: %j',
  (form, event) => {
    const filter = createEventFilter(form, 3);
    filter.take(Buffer.from(eventOf(form, 'stdout', 4)));
    expect(text(filter.take(Buffer.from(event)))).toBe(event);
    expect([filter.lastSeq(), filter.isWhole()]).toEqual([undefined, false]);
    filter.take(Buffer.from(eventOf(form, 'step_ended', 10)));
    expect([filter.lastSeq(), filter.isWhole()]).toEqual([10, true]);
  },
);

it.each(forms)('rejects an event of %s whose sequence number decreases', (form) => {
  const filter = createEventFilter(form, 3);
  filter.take(Buffer.from(eventOf(form, 'stdout', 5)));
  filter.take(Buffer.from(eventOf(form, 'step_ended', 5)));
  expect([filter.lastSeq(), filter.isWhole()]).toEqual([undefined, false]);
});

it.each(forms)('holds back no more of %s than the longest event', (form) => {
  const filter = createEventFilter(form, 0);
  const piece = Buffer.alloc(1024 * 1024, 'x');
  let passed = 0;
  for (let count = 1; count <= 40; count++) {
    for (const { length } of filter.take(piece)) passed += length;
    expect(count * piece.length - passed).toBeLessThanOrEqual(16 * 1024 * 1024);
  }
  expect(filter.lastSeq()).toBeUndefined();
});
