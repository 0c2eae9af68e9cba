import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { testEnvironment } from '../config.ts';
import { durationVariable } from './duration-variable.ts';

test.each([
  ['60s', 60_000],
  ['10m', 600_000],
  ['1h', 3_600_000],
])('%s is %i ms', (text, ms) => {
  expect(durationVariable.parse(text)).toBe(ms);
});

test.each(['', '60', 's', '0s', '-1s', '1.5m', '60 s', '10M', '1d', '9999999s'])(
  '%j is refused',
  (text) => {
    expect(durationVariable.safeParse(text).success).toBe(false);
  },
);

test.each(['chaos', 'soak'])(
  'make %s tells a wrong duration in a sentence, before anything is started',
  (name) => {
    const args = ['--import', 'tsx', `test/${name}/main.ts`];
    const { status, stderr } = spawnSync(process.execPath, args, {
      env: testEnvironment({ DURATION: 'soon' }),
      encoding: 'utf8',
    });
    expect(status).toBe(78);
    expect(stderr).toContain(
      'DURATION: must be a whole number and a unit, as 60s, 10m or 1h, and is "soon"',
    );
  },
);
