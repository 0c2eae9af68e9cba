import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** A metric, and the value that raises an alarm if it is above it for so many minutes. */
export interface AlarmedMetric {
  id: string;
  title: string;
  metric: cloudwatch.IMetric;
  threshold: number;
  minutes: number;
}

const period = Duration.minutes(1);

export function tableMetrics(table: dynamodb.ITable): AlarmedMetric[] {
  const operations = [
    dynamodb.Operation.GET_ITEM,
    dynamodb.Operation.PUT_ITEM,
    dynamodb.Operation.UPDATE_ITEM,
    dynamodb.Operation.DELETE_ITEM,
    dynamodb.Operation.QUERY,
  ];
  return [
    {
      id: 'Throttles',
      title: 'Requests that DynamoDB throttles',
      metric: table.metricThrottledRequestsForOperations({ operations, period }),
      threshold: 0,
      minutes: 2,
    },
    {
      id: 'UserErrors',
      title: 'Requests that DynamoDB refuses as invalid, in the whole account',
      metric: table.metricUserErrors({ period }),
      threshold: 0,
      minutes: 5,
    },
    {
      id: 'TableLatency',
      title: 'Latency of GetItem in ms, 99th percentile',
      metric: table.metricSuccessfulRequestLatency({
        dimensionsMap: { TableName: table.tableName, Operation: 'GetItem' },
        statistic: 'p99',
        period,
      }),
      threshold: 100,
      minutes: 5,
    },
  ];
}

export interface PlaneMetricsProps {
  stage: string;
  logGroup: logs.ILogGroup;
}

/** Counts lines of the planes' logs. The collector puts the fields of a line in `log_processed`. */
export function planeMetrics(scope: Construct, props: PlaneMetricsProps): AlarmedMetric[] {
  const counted = (id: string, filterPattern: logs.IFilterPattern) => {
    const filter = new logs.MetricFilter(scope, `${id}Filter`, {
      logGroup: props.logGroup,
      metricNamespace: 'Steppe',
      metricName: `${props.stage}-${id}`,
      filterPattern,
      metricValue: '1',
      defaultValue: 0,
    });
    return { id, metric: filter.metric({ statistic: 'Sum', period }) };
  };
  const field = (name: string) => `$.log_processed.${name}`;
  const fromDataPlane = logs.FilterPattern.stringValue(field('service'), '=', 'data-plane');
  return [
    {
      ...counted(
        'ServerErrors',
        logs.FilterPattern.all(
          fromDataPlane,
          logs.FilterPattern.numberValue(field('status'), '>=', 500),
        ),
      ),
      title: 'Responses with a status of 5xx',
      threshold: 5,
      minutes: 5,
    },
    {
      ...counted(
        'UnreachableSessions',
        logs.FilterPattern.all(
          fromDataPlane,
          logs.FilterPattern.stringValue(field('outcome'), '=', 'runtime_unreachable'),
        ),
      ),
      title: 'Requests whose session cannot be reached',
      threshold: 0,
      minutes: 5,
    },
    {
      ...counted(
        'EmptyPool',
        logs.FilterPattern.stringValue(field('msg'), '=', 'no warm instance to claim'),
      ),
      title: 'Creates that found no warm instance',
      threshold: 0,
      minutes: 10,
    },
  ];
}
