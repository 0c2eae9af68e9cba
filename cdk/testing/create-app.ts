import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';

/** An app with the feature flags of cdk.json, as the CLI runs it. */
export function createApp(): App {
  const file = new URL('../cdk.json', import.meta.url);
  const { context } = JSON.parse(readFileSync(file, 'utf8'));
  return new App({ context, analyticsReporting: false });
}
