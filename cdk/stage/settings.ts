import * as z from 'zod';

const arn = (service: string) =>
  z.string().startsWith(`arn:aws:${service}:`, `must be the ARN of something in ${service}`);

const nodesSchema = z.strictObject({
  instanceType: z.string(),
  /** Nodes at rest. Nothing scales the group unless an autoscaler is installed. */
  min: z.int().min(1),
  max: z.int().min(1),
});

const issuerSchema = z.strictObject({
  issuers: z.array(z.url()).min(1),
  audiences: z.array(z.string()).min(1),
  jwksUrl: z.url(),
  /** Further JWT_ variables of docs/operating.md. */
  variables: z.record(z.string(), z.string()).default({}),
});

/** What is needed to run the planes, in a cluster of their own. */
const serviceSchema = z.strictObject({
  /** `new`, or the id of a VPC with private subnets. */
  vpc: z.union([z.literal('new'), z.string().startsWith('vpc-')]).default('new'),
  domain: z.string(),
  /** A certificate for the domain, in the region. */
  certificateArn: arn('acm'),
  scheme: z.enum(['internal', 'internet-facing']).default('internal'),
  /** Limits the rate of each address, and blocks addresses with a bad reputation. */
  firewall: z.boolean().default(false),
  issuer: issuerSchema,
  /** Of logs. One of the periods of CloudWatch. */
  retentionDays: z.literal([1, 3, 7, 14, 30, 60, 90, 180, 365, 731]).default(30),
  /** Who receives the alarms. Unset: the topic has no subscriber. */
  alarmEmail: z.email().optional(),
  /** Roles that administer the cluster. */
  adminRoleArns: z.array(arn('iam')).default([]),
  nodes: z
    .strictObject({
      planes: nodesSchema.prefault({ instanceType: 'm7i.large', min: 2, max: 4 }),
      sessions: nodesSchema.prefault({ instanceType: 'm7i.xlarge', min: 2, max: 10 }),
    })
    .prefault({}),
});

/** The file of a stage. Without `service`, only the Storage stack exists. */
export const settingsSchema = z.strictObject({
  account: z.string().regex(/^\d{12}$/, 'must be the 12 digits of an account'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region, such as eu-central-1'),
  /** Of the planes. The release of the chart there is called steppe. */
  namespace: z.string().default('steppe'),
  table: z
    .strictObject({
      /** Unset: steppe-STAGE-sessions. */
      name: z.string().min(3).optional(),
      key: z.enum(['aws-managed', 'customer']).default('aws-managed'),
      /** A table that DynamoDB restored, which replaces the one of the stack. */
      restored: z.string().min(3).optional(),
    })
    .prefault({}),
  service: serviceSchema.optional(),
});

export const stageNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,15}$/, 'must be 1 to 16 lower-case letters and digits');

/** What `make deploy-aws` knows only after it has pushed the images and made the keys. */
export const releaseSchema = z.strictObject({
  /** Digests by the name of the image. */
  images: z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/)),
  /** Sets of public keys, as JSON. */
  publicKeys: z.strictObject({ 'control-plane': z.string(), 'data-plane': z.string() }),
});

export type ServiceSettings = z.output<typeof serviceSchema>;
export type Release = z.output<typeof releaseSchema>;
export type StageSettings = z.output<typeof settingsSchema> & {
  stage: string;
  release?: Release | undefined;
};
