import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import type { Construct } from 'constructs';
import { images } from '../../tools/images/definitions.ts';

export interface ImagesStackProps extends StackProps {
  stage: string;
}

/** REGISTRY of `make images`. */
export const registryOf = (where: { account: string; region: string; stage: string }): string =>
  `${where.account}.dkr.ecr.${where.region}.amazonaws.com/${where.stage}`;

/** A repository for each image of `make images`, which pushes to them. */
export class ImagesStack extends Stack {
  readonly registry: string;

  constructor(scope: Construct, id: string, props: ImagesStackProps) {
    super(scope, id, props);
    const isProduction = props.stage === 'prod';
    this.registry = registryOf({ ...props, account: this.account, region: this.region });
    for (const { name } of images) {
      new ecr.Repository(this, name, {
        repositoryName: `${props.stage}/steppe/${name}`,
        imageScanOnPush: true,
        imageTagMutability: ecr.TagMutability.IMMUTABLE,
        encryption: ecr.RepositoryEncryption.AES_256,
        lifecycleRules: [
          // An interrupted push leaves images without a tag.
          { tagStatus: ecr.TagStatus.UNTAGGED, maxImageAge: Duration.days(7) },
          // Sessions run with the images that they started with; a rollback needs older ones.
          { tagStatus: ecr.TagStatus.ANY, maxImageCount: 20 },
        ],
        removalPolicy: isProduction ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
        emptyOnDelete: !isProduction,
      });
    }
  }
}
