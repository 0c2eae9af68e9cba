import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';

/**
 * Rules that do not read bodies: these are code, which the usual sets of rules take for an attack.
 * @returns The ARN of the web ACL.
 */
export function createFirewall(scope: Construct): string {
  const acl = new wafv2.CfnWebACL(scope, 'Firewall', {
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: visibility('steppe'),
    rules: [
      {
        name: 'reputation',
        priority: 0,
        overrideAction: { none: {} },
        statement: {
          managedRuleGroupStatement: {
            vendorName: 'AWS',
            name: 'AWSManagedRulesAmazonIpReputationList',
          },
        },
        visibilityConfig: visibility('reputation'),
      },
      {
        name: 'rate',
        priority: 1,
        action: { block: { customResponse: { responseCode: 429 } } },
        // Requests of an address in five minutes.
        statement: { rateBasedStatement: { limit: 20_000, aggregateKeyType: 'IP' } },
        visibilityConfig: visibility('rate'),
      },
    ],
  });
  return acl.attrArn;
}

const visibility = (metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty => ({
  metricName,
  cloudWatchMetricsEnabled: true,
  // A sample holds headers of callers.
  sampledRequestsEnabled: false,
});
