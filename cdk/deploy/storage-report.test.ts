import { expect, test } from 'vitest';
import { readStage } from '../stage/read-stage.ts';
import { renderChart } from '../testing/render-chart.ts';
import { storageReport } from './storage-report.ts';

const report = () =>
  storageReport(readStage({ stage: 'localstack' }), {
    TableName: 'steppe-dev-sessions',
    ControlPlaneRoleArn: 'arn:aws:iam::000000000000:role/control-plane',
    DataPlaneRoleArn: 'arn:aws:iam::000000000000:role/data-plane',
  });

test('the values of the report name the table to the planes', () => {
  const [values = ''] = report().split('# The planes get');
  const objects = renderChart(
    `${values}\nauth: { issuers: [https://i.example], audiences: [a], jwksUrl: https://i.example }`,
  );
  const planes = objects.filter(({ kind }) => kind === 'Deployment');
  expect(planes).toHaveLength(2);
  for (const plane of planes) {
    expect(JSON.stringify(plane)).toContain(
      '{"name":"SESSIONS_TABLE","value":"steppe-dev-sessions"}',
    );
  }
}, 600_000);

test('the commands of the report give each plane its role', () => {
  expect(report()).toContain(
    '--namespace steppe --service-account steppe-data-plane \\\n  --role-arn arn:aws:iam::000000000000:role/data-plane',
  );
});
