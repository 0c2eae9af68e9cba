import { Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { exampleApp, templateOf } from '../testing/example-app.ts';

const observe = () => templateOf(exampleApp(), 'observe');

test('every alarm and its end reach the topic', () => {
  const template = observe();
  const [topic] = Object.keys(template.findResources('AWS::SNS::Topic'));
  const alarms = template.findResources('AWS::CloudWatch::Alarm');
  expect(Object.keys(alarms).map((id) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
    'Throttles',
    'UserErrors',
    'TableLatency',
    'ServerErrors',
    'UnreachableSessions',
    'EmptyPool',
  ]);
  for (const { Properties } of Object.values(alarms)) {
    expect(Properties.AlarmActions).toEqual([{ Ref: topic }]);
    expect(Properties.OKActions).toEqual([{ Ref: topic }]);
  }
  template.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'operations@example.com',
  });
});

test.each([
  [
    'ServerErrors',
    '{ ($.log_processed.service = "data-plane") && ($.log_processed.status >= 500) }',
  ],
  [
    'UnreachableSessions',
    '{ ($.log_processed.service = "data-plane") && ($.log_processed.outcome = "runtime_unreachable") }',
  ],
  ['EmptyPool', '{ $.log_processed.msg = "no warm instance to claim" }'],
])('%s counts lines of the planes’ logs', (name, FilterPattern) => {
  observe().hasResourceProperties('AWS::Logs::MetricFilter', {
    FilterPattern,
    MetricTransformations: [
      { MetricNamespace: 'Steppe', MetricName: `example-${name}`, MetricValue: '1' },
    ],
  });
});

test('logs of the planes alone are collected, into a group with a retention', () => {
  const template = observe();
  template.hasResourceProperties('AWS::Logs::LogGroup', {
    LogGroupName: '/steppe/example/planes',
    RetentionInDays: 30,
  });
  template.hasResourceProperties('AWS::EKS::Addon', {
    AddonName: 'amazon-cloudwatch-observability',
  });
  const [addon] = Object.values(template.findResources('AWS::EKS::Addon'));
  const settings = JSON.stringify(addon?.Properties.ConfigurationValues);
  expect(settings).toContain('/var/log/containers/*_steppe_*.log');
});

test('the dashboard shows the metrics of all alarms', () => {
  observe().hasResourceProperties('AWS::CloudWatch::Dashboard', {
    DashboardName: 'steppe-example',
    DashboardBody: Match.anyValue(),
  });
});
