import * as z from 'zod';

const msOf = { s: 1_000, m: 60_000, h: 3_600_000 };
const isUnit = (unit: string | undefined): unit is keyof typeof msOf =>
  unit !== undefined && unit in msOf;

/** `60s`, `10m` or `1h`, in milliseconds. */
export const durationVariable = z.string().transform((text, ctx) => {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (isUnit(unit) && Number(count) > 0) return Number(count) * msOf[unit];
  ctx.addIssue(
    `must be a whole number and a unit, as 60s, 10m or 1h, and is ${JSON.stringify(text)}`,
  );
  return z.NEVER;
});
