import { expect, it } from 'vitest';
import { createEventCutter, type EventForm } from './event-cutter.ts';

const events: Record<EventForm, { keepalive: string; stdout: string; ended: string; cutOff: string }> = {
  sse: {
    keepalive: ': keepalive\n\n',
    stdout: 'event: stdout\nid: 1\ndata: {"text":"a\\n\\n: b"}\n\n',
    ended: 'event: step_ended\nid: 2\ndata: {}\n\n',
    cutOff: 'event: cut_off\ndata: {}\n\n',
  },
  ndjson: {
    keepalive: '{"type":"keepalive"}\n',
    stdout: '{"type":"stdout","text":"a\\n{\\"type\\":\\"keepalive\\"}"}\n',
    ended: '{"type":"step_ended"}\n',
    cutOff: '{"type":"cut_off"}\n',
  },
};
const forms = Object.keys(events) as EventForm[];

it.each(forms)('lets through whole events of %s alone, however they come', (form) => {
  const { keepalive, stdout, ended } = events[form];
  const text = keepalive + stdout + keepalive + stdout + ended;
  for (let size = 1; size <= text.length; size++) {
    const cutter = createEventCutter(form, 4);
    let got = '';
    for (let at = 0; at < text.length; at += size) {
      got += cutter.take(Buffer.from(text.slice(at, at + size))) ?? '';
      const isWhole = got === '' || got.endsWith(form === 'sse' ? '\n\n' : '\n');
      expect({ size, isWhole }).toEqual({ size, isWhole: true });
    }
    expect({ size, got, seq: cutter.lastSeq() }).toEqual({ size, got: text, seq: 7 });
    expect(cutter.isWhole()).toBe(true);
  }
});

it.each(forms)('forgets the beginning of an event of %s that the next answer brings whole', (form) => {
  const { keepalive, stdout } = events[form];
  const cutter = createEventCutter(form, 0);
  expect(String(cutter.take(Buffer.from(stdout + stdout.slice(0, 9))))).toBe(stdout);
  cutter.goOn();
  expect(String(cutter.take(Buffer.from(keepalive + stdout)))).toBe(keepalive + stdout);
  expect([cutter.lastSeq(), cutter.isWhole(), cutter.finish()]).toEqual([2, false, undefined]);
});

it.each(forms)('takes a keepalive of %s for no event, and the word that cuts a reader off for the last', (form) => {
  const { keepalive, ended, cutOff } = events[form];
  const cutter = createEventCutter(form, 0);
  cutter.take(Buffer.from(keepalive));
  expect([cutter.lastSeq(), cutter.isWhole()]).toEqual([0, false]);
  cutter.take(Buffer.from(ended + keepalive));
  expect([cutter.lastSeq(), cutter.isWhole()]).toEqual([1, true]);
  const other = createEventCutter(form, 0);
  other.take(Buffer.from(cutOff));
  expect(other.isWhole()).toBe(true);
});

it.each(forms)('gives back what an answer of %s leaves unfinished when it ends in order', (form) => {
  const cutter = createEventCutter(form, 0);
  cutter.take(Buffer.from('a b'));
  expect(String(cutter.finish())).toBe('a b');
});
