import type { Curve, Measured } from '../figure.ts';
import { median } from '../statistics.ts';
import { numberText } from './texts.ts';

const width = 560;
const labelWidth = 190;
const colours = ['#0b6bcb', '#b45309', '#15803d', '#7c3aed', '#be123c'];
const colourOf = (at: number): string => colours[at % colours.length] ?? '#000';

/** A dot for each round, a line at each median, and a dashed line at the budget. */
export function roundsPlot(measured: readonly Measured[], limit: number | undefined): string {
  const all = [...measured.flatMap(({ values }) => values), limit ?? 0, 0];
  const x = scale(Math.min(...all), Math.max(...all));
  const lineHeight = 22;
  const height = measured.length * lineHeight + 20;
  const lines = measured.map(({ name, values }, at) => {
    const y = at * lineHeight + 12;
    const middle = x(median(values));
    const dots = values.map(
      (value) => `<circle cx="${x(value)}" cy="${y}" r="3.5" fill="${colourOf(at)}" opacity=".6"/>`,
    );
    return `<text x="0" y="${y + 4}">${escapeText(name)}</text><line x1="${x(0)}" x2="${x.end}" y1="${y}" y2="${y}" stroke="#ddd"/>${dots.join('')}<line x1="${middle}" x2="${middle}" y1="${y - 8}" y2="${y + 8}" stroke="${colourOf(at)}" stroke-width="2"/>`;
  });
  const budget =
    limit === undefined
      ? ''
      : `<line x1="${x(limit)}" x2="${x(limit)}" y1="0" y2="${height - 18}" stroke="#b00" stroke-dasharray="4 3"/><text x="${x(limit)}" y="${height - 5}" text-anchor="middle" fill="#b00">${numberText(limit)}</text>`;
  return svg(height, lines.join('') + budget);
}

/** Latency by share of the requests, both on logarithmic scales: the right end is the tail. */
export function curvesPlot(curves: readonly Curve[]): string {
  const height = 220;
  const bottom = height - 34;
  const points = curves.flatMap((curve) => curve.points);
  const values = points.map(({ value }) => Math.log10(Math.max(value, 0.001)));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // 0.9 is one step from the left, 0.99 two.
  const x = scale(0, -Math.log10(1 - Math.max(...points.map(({ share }) => share))));
  const xOf = (share: number) => x(-Math.log10(1 - share));
  const yOf = (value: number) =>
    bottom - ((Math.log10(Math.max(value, 0.001)) - low) / (high - low || 1)) * (bottom - 10);
  const lines = curves.map(
    ({ name, points: own }, at) =>
      `<polyline fill="none" stroke="${colourOf(at)}" stroke-width="2" points="${own.map(({ share, value }) => `${xOf(share)},${yOf(value)}`).join(' ')}"/><text x="0" y="${20 + at * 18}" fill="${colourOf(at)}">${escapeText(name)}</text>`,
  );
  const ticks = [0.5, 0.9, 0.95, 0.99, 0.999].map(
    (share) =>
      `<text x="${xOf(share)}" y="${height - 14}" text-anchor="middle">p${share * 100}</text>`,
  );
  const ends = [low, high].map(
    (value) =>
      `<text x="${labelWidth - 6}" y="${yOf(10 ** value) + 4}" text-anchor="end">${numberText(10 ** value)} ms</text>`,
  );
  return svg(height, [...lines, ...ticks, ...ends].join(''));
}

interface Scale {
  (value: number): number;
  end: number;
}

function scale(from: number, to: number): Scale {
  const end = width - 20;
  const of = (value: number) =>
    Math.round((labelWidth + ((value - from) / (to - from || 1)) * (end - labelWidth)) * 10) / 10;
  return Object.assign(of, { end });
}

const svg = (height: number, content: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">${content}</svg>`;

export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
