import type { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { defineStacks } from '../stacks/define-stacks.ts';
import { readStage } from '../stage/read-stage.ts';
import type { ServiceSettings, StageSettings } from '../stage/settings.ts';
import { createApp } from './create-app.ts';

export interface ExampleChanges {
  stage?: string;
  service?: Partial<ServiceSettings>;
}

const apps = new Map<string, App>();

/** The app of stages/example.json. Synthesis takes seconds, so tests with equal changes share one. */
export function exampleApp(changes: ExampleChanges = {}): App {
  const key = JSON.stringify(changes);
  const app = apps.get(key) ?? defineApp(changes);
  apps.set(key, app);
  return app;
}

function defineApp({ stage = 'example', service = {} }: ExampleChanges): App {
  const app = createApp();
  defineStacks(app, { ...withService(exampleSettings(), service), stage });
  return app;
}

const exampleSettings = (): StageSettings =>
  readStage({ stage: 'example', release: 'testing/release.json' });

/** The template of one of its stacks: `cluster`, for example. */
export function templateOf(app: App, name: string): Template {
  const found = app.node.children.find(({ node }) => node.id.endsWith(`-${name}`));
  if (found === undefined) throw new Error(`there is no stack ${name}`);
  // All children of the app are stacks.
  return Template.fromStack(found as Stack);
}

function withService(settings: StageSettings, changes: Partial<ServiceSettings>): StageSettings {
  if (settings.service === undefined) throw new Error('the example has no service');
  return { ...settings, service: { ...settings.service, ...changes } };
}
