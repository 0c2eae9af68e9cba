import type { Curve, Measured, Unit } from '../figure.ts';
import { median } from '../statistics.ts';
import { numberText } from './texts.ts';

const width = 780;
/** For the longest name beside the label of a value. */
const labelWidth = 300;
const colours = 5;
/** A class of the page's style, which gives it a colour for light and for dark. */
const colourOf = (at: number): string => `colour-${at % colours}`;

interface RoundsOptions {
  unit: Unit;
  /** In the same unit. */
  limit: number | undefined;
}

/** A dot for each round, a line at each median, and a dashed line at the budget. */
export function roundsPlot(measured: readonly Measured[], { unit, limit }: RoundsOptions): string {
  const all = [...measured.flatMap(({ values }) => values), limit ?? 0, 0];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = scale(low, high);
  const lineHeight = 22;
  const top = 18;
  const bottom = top + measured.length * lineHeight;
  const lines = measured.map(({ name, values }, at) => {
    const y = top + at * lineHeight + 12;
    const middle = x(median(values));
    const dots = values.map((value) => `<circle cx="${x(value)}" cy="${y}" r="3.5" opacity=".6"/>`);
    return `<text x="0" y="${y + 4}">${escapeText(name)}</text>${gridLine(x(low), x.end, y, y)}<g class="${colourOf(at)}">${dots.join('')}<line x1="${middle}" x2="${middle}" y1="${y - 8}" y2="${y + 8}" stroke-width="2"/></g>`;
  });
  const budget =
    limit === undefined
      ? ''
      : `<g class="budget"><line x1="${x(limit)}" x2="${x(limit)}" y1="${top - 2}" y2="${bottom}" stroke-dasharray="4 3"/><text x="${x(limit)}" y="${top - 6}" text-anchor="middle">${numberText(limit)} ${unit}</text></g>`;
  const ends = (
    [
      [low, 'start'],
      [high, 'end'],
    ] as const
  ).map(
    ([value, anchor]) =>
      `<text class="axis" x="${x(value)}" y="${bottom + 14}" text-anchor="${anchor}">${numberText(value)} ${unit}</text>`,
  );
  return svg(bottom + 20, [...lines, budget, ...ends].join(''));
}

/** Latency by share of the requests, both on logarithmic scales: the right end is the tail. */
export function curvesPlot(curves: readonly Curve[]): string {
  const height = 220;
  const bottom = height - 34;
  const points = curves.flatMap((curve) => curve.points);
  const values = points.map(({ value }) => Math.log10(Math.max(value, 0.001)));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // 0.9 is one step from the left, 0.99 two.
  const highestShare = Math.max(...points.map(({ share }) => share));
  const x = scale(0, -Math.log10(1 - highestShare));
  const xOf = (share: number) => x(-Math.log10(1 - share));
  const yOf = (exponent: number) =>
    Math.round((bottom - ((exponent - low) / (high - low || 1)) * (bottom - 10)) * 10) / 10;
  const lines = curves.map(
    ({ name, points: own }, at) =>
      `<g class="${colourOf(at)}"><polyline stroke-width="2" points="${own.map(({ share, value }) => `${xOf(share)},${yOf(Math.log10(Math.max(value, 0.001)))}`).join(' ')}"/><text x="0" y="${20 + at * 18}">${escapeText(name)}</text></g>`,
  );
  const shares = [0.5, 0.9, 0.95, 0.99, 0.999]
    .filter((share) => share <= highestShare)
    .map(
      (share) =>
        `${gridLine(xOf(share), xOf(share), 10, bottom)}<text x="${xOf(share)}" y="${height - 14}" text-anchor="middle">p${share * 100}</text>`,
    );
  const levels = levelsBetween(low, high).map(
    (exponent) =>
      `${gridLine(labelWidth, x.end, yOf(exponent), yOf(exponent))}<text x="${labelWidth - 6}" y="${yOf(exponent) + 4}" text-anchor="end">${numberText(10 ** exponent)} ms</text>`,
  );
  return svg(height, [...shares, ...levels, ...lines].join(''));
}

/** Both ends, and the powers of ten that are far enough from them to be labelled. */
function levelsBetween(low: number, high: number): number[] {
  const room = (high - low) / 10;
  const powers = Array.from(
    { length: Math.max(0, Math.floor(high) - Math.ceil(low) + 1) },
    (_, at) => Math.ceil(low) + at,
  );
  return [low, ...powers.filter((power) => power - low > room && high - power > room), high];
}

const gridLine = (x1: number, x2: number, y1: number, y2: number): string =>
  `<line class="grid" x1="${x1}" x2="${x2}" y1="${y1}" y2="${y2}"/>`;

interface Scale {
  (value: number): number;
  end: number;
}

function scale(from: number, to: number): Scale {
  const end = width - 50;
  const of = (value: number) =>
    Math.round((labelWidth + ((value - from) / (to - from || 1)) * (end - labelWidth)) * 10) / 10;
  return Object.assign(of, { end });
}

const svg = (height: number, content: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">${content}</svg>`;

export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
