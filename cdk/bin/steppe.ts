import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { defineStacks } from '../stacks/define-stacks.ts';
import { readStage } from '../stage/read-stage.ts';

const app = new App();
const settings = readStage({
  stage: app.node.tryGetContext('stage'),
  release: app.node.tryGetContext('release'),
});
defineStacks(app, settings);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
