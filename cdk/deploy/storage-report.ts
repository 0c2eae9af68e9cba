import { stringify } from 'yaml';
import * as z from 'zod';
import { planes, serviceAccountOf } from '../stacks/storage/plane-role.ts';
import { podIdentityEgress } from '../stacks/workload/chart-values.ts';
import type { StageSettings } from '../stage/settings.ts';

export const storageOutputsSchema = z.object({
  TableName: z.string(),
  ControlPlaneRoleArn: z.string(),
  DataPlaneRoleArn: z.string(),
});

/** What whoever has a cluster needs: values of the chart, and commands that are run once. */
export function storageReport(
  { region, namespace }: StageSettings,
  outputs: z.output<typeof storageOutputsSchema>,
): string {
  const values = {
    dynamodb: { region, table: outputs.TableName },
    networkPolicies: { extraEgress: podIdentityEgress },
  };
  const roles = {
    'control-plane': outputs.ControlPlaneRoleArn,
    'data-plane': outputs.DataPlaneRoleArn,
  };
  const commands = planes.map((plane) =>
    [
      `aws eks create-pod-identity-association --region ${region} --cluster-name CLUSTER`,
      `--namespace ${namespace} --service-account ${serviceAccountOf(plane)}`,
      `--role-arn ${roles[plane]}`,
    ].join(' \\\n  '),
  );
  return [
    '# Values of the chart (infra/chart), besides your own:',
    stringify(values),
    '# The planes get their roles from the EKS Pod Identity agent. Once:',
    ...commands,
    '',
  ].join('\n');
}
