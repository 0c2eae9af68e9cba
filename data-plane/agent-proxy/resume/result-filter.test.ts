import { expect, it } from 'vitest';
import { ResultFilter } from './resume-filter.ts';

const json = '{"stdout":"  text  "}';
const give = (filter: ResultFilter, text: string, size: number) => {
  let got = '';
  for (let at = 0; at < text.length; at += size)
    got += filter.take(Buffer.from(text.slice(at, at + size))).join('');
  return got;
};

it.each([1, 2, 5, 100])(
  'resumes a result after an interrupted response, in pieces of %i',
  (size) => {
    for (let cut = 0; cut <= json.length; cut++) {
      const filter = new ResultFilter(true);
      let got = give(filter, `  ${json.slice(0, cut)}`, size);
      filter.nextResponse();
      got += give(filter, `   ${json}`, size);
      expect({ cut, got: got.trimStart() }).toEqual({ cut, got: json });
    }
  },
);

it('adds no white space to a response with a declared length', () => {
  const filter = new ResultFilter(false);
  filter.nextResponse();
  expect(give(filter, `  ${json}`, 4)).toBe(json);
});

it('forwards white space as a keepalive before the result begins', () => {
  const filter = new ResultFilter(true);
  filter.nextResponse();
  expect(give(filter, '   ', 1)).toBe('   ');
});
