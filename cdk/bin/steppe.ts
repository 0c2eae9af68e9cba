import { App, Tags } from 'aws-cdk-lib';
import { defineStacks } from '../stacks/define-stacks.ts';
import { readStage } from '../stage/read-stage.ts';

const app = new App();
const settings = readStage(app.node);
Tags.of(app).add('steppe:stage', settings.stage);
defineStacks(app, settings);
