import { expect, it } from 'vitest';
import { toRawJson } from '../../../../protocol/raw-json.ts';
import { maxFrameBytes } from '../../../../protocol/wire-format.ts';
import { bundleText, textJson } from './shown-value.ts';

const large = textJson('x'.repeat(maxFrameBytes));

it('joins the JSON of each type', () => {
  const bundle = { 'text/plain': textJson('"ü"'), 'application/json': toRawJson([1]) };
  expect(bundleText({ bundle, truncated: false })).toEqual({
    bundle: '{"text/plain":"\\"ü\\"","application/json":[1]}',
    truncated: false,
  });
});

it('reduces a bundle above the limit to its text, and says why', () => {
  const bundle = { 'text/plain': textJson('small'), 'image/png': large };
  expect(bundleText({ bundle, truncated: false })).toEqual({
    bundle: '{"text/plain":"small\\n[image/png omitted: the bundle is larger than 8 MiB]"}',
    truncated: true,
  });
});

it('describes a bundle that has no text', () => {
  const cut = bundleText({ bundle: { 'text/html': large, 'image/png': large }, truncated: false });
  expect(cut).toEqual({
    bundle: '{"text/plain":"[text/html, image/png omitted: the bundle is larger than 8 MiB]"}',
    truncated: true,
  });
});
