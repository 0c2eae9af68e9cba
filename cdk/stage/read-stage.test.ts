import { expect, test } from 'vitest';
import { readStage } from './read-stage.ts';
import { settingsSchema } from './settings.ts';

const minimal = { account: '123456789012', region: 'eu-central-1' };

test('a stage without a service has defaults for everything but its account and region', () => {
  expect(settingsSchema.parse(minimal)).toEqual({
    ...minimal,
    namespace: 'steppe',
    table: { key: 'aws-managed' },
  });
});

test.each([
  ['an unknown setting', { ...minimal, regoin: 'eu-central-1' }, 'regoin'],
  ['an account that is too short', { ...minimal, account: '123' }, '12 digits'],
  ['a certificate of another service', withService({ certificateArn: 'arn:aws:iam::1:x' }), 'acm'],
  ['a retention that CloudWatch lacks', withService({ retentionDays: 8 }), 'retentionDays'],
])('%s is refused', (_name, settings, message) => {
  const { error } = settingsSchema.safeParse(settings);
  expect(error?.message).toContain(message);
});

test('the error names the file that is missing, and the stage whose name is not valid', () => {
  expect(() => readStage({ stage: 'absent' })).toThrow('cannot read cdk/stages/absent.json');
  expect(() => readStage({ stage: '../x' })).toThrow('the context value stage is not valid');
});

function withService(changes: object) {
  const { service } = readStage({ stage: 'example' });
  return { ...minimal, service: { ...service, ...changes } };
}
