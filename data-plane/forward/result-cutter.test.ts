import { expect, it } from 'vitest';
import { createResultCutter } from './result-cutter.ts';

const json = '{"stdout":"  text  "}';
const give = (cutter: ReturnType<typeof createResultCutter>, text: string, size: number) => {
  let got = '';
  for (let at = 0; at < text.length; at += size) got += cutter.take(Buffer.from(text.slice(at, at + size))).join('');
  return got;
};

it.each([1, 2, 5, 100])('goes on with a result where the answer before broke off, in pieces of %i', (size) => {
  for (let cut = 0; cut <= json.length; cut++) {
    const cutter = createResultCutter(true);
    let got = give(cutter, `  ${json.slice(0, cut)}`, size);
    cutter.goOn();
    got += give(cutter, `   ${json}`, size);
    expect({ cut, got: got.trimStart() }).toEqual({ cut, got: json });
  }
});

it('adds no white space to an answer whose length was promised', () => {
  const cutter = createResultCutter(false);
  cutter.goOn();
  expect(give(cutter, `  ${json}`, 4)).toBe(json);
});

it('passes on white space as a sign of life while there is nothing of the result', () => {
  const cutter = createResultCutter(true);
  cutter.goOn();
  expect(give(cutter, '   ', 1)).toBe('   ');
});
