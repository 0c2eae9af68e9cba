import { expect, test } from 'vitest';
import { exampleApp, templateOf } from '../testing/example-app.ts';

/** Digests of files that CDK uploads: those of the chart and of functions. */
const assetDigests = /\b[0-9a-f]{64}\b/g;

/** After a change, `npx vitest run --update` in cdk/ records them anew: read what changes. */
test.each(['storage', 'images', 'cluster', 'workload', 'observe'])(
  'the template of %s is the recorded one',
  async (name) => {
    const template = JSON.stringify(templateOf(exampleApp(), name).toJSON(), null, 2);
    await expect(`${template.replaceAll(assetDigests, 'digest')}\n`).toMatchFileSnapshot(
      `templates/${name}.json`,
    );
  },
);
