import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { defineStacks } from './stacks/define-stacks.ts';
import { settingsSchema } from './stage/settings.ts';
import { createApp } from './testing/create-app.ts';

test('cdk-nag finds nothing that is not acknowledged with a reason', () => {
  const app = createApp();
  const settings = settingsSchema.parse({ account: '111122223333', region: 'eu-central-1' });
  defineStacks(app, { ...settings, stage: 'dev' });
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  expect(violations).toEqual([]);
});
