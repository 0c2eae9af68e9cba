import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { ServiceSettings } from '../stage/settings.ts';
import { addLogCollector } from './observe/log-collector.ts';
import { type AlarmedMetric, planeMetrics, tableMetrics } from './observe/metrics.ts';

export interface ObserveStackProps
  extends StackProps,
    Pick<ServiceSettings, 'retentionDays' | 'alarmEmail'> {
  stage: string;
  namespace: string;
  table: dynamodb.ITable;
  cluster: eks.Cluster;
}

/** The planes' logs, metrics of them and of the table, a dashboard, and alarms to a topic. */
export class ObserveStack extends Stack {
  constructor(scope: Construct, id: string, props: ObserveStackProps) {
    super(scope, id, props);
    const { stage, namespace, cluster } = props;
    const logGroup = new logs.LogGroup(this, 'PlaneLogs', {
      logGroupName: `/steppe/${stage}/planes`,
      retention: props.retentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    addLogCollector(this, { cluster, namespace, logGroup });

    const topic = new sns.Topic(this, 'Alarms', { enforceSSL: true });
    if (props.alarmEmail) topic.addSubscription(new EmailSubscription(props.alarmEmail));
    const metrics = [...tableMetrics(props.table), ...planeMetrics(this, { stage, logGroup })];
    const alarms = metrics.map((metric) => this.addAlarm(metric, topic));
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: `steppe-${stage}`,
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms, width: 24 })],
        metrics.map(
          ({ title, metric }) => new cloudwatch.GraphWidget({ title, left: [metric], width: 8 }),
        ),
      ],
    });
  }

  private addAlarm(alarmed: AlarmedMetric, topic: sns.Topic): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, alarmed.id, {
      metric: alarmed.metric,
      alarmDescription: `${alarmed.title}. docs/operating.md, section Alerts, says what to do.`,
      threshold: alarmed.threshold,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: alarmed.minutes,
      datapointsToAlarm: alarmed.minutes,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
    return alarm;
  }
}
