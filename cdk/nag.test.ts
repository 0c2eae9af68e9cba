import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { exampleApp } from './testing/example-app.ts';

test.each(['example', 'prod'])(
  'cdk-nag finds nothing in %s that is not acknowledged with a reason',
  (stage) => {
    const app = exampleApp({ stage, service: { firewall: true } });
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
  },
);
