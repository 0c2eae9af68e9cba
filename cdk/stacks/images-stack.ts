import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import type { Construct } from 'constructs';
import { images } from '../../tools/images/definitions.ts';

export interface ImagesStackProps extends StackProps {
  stage: string;
}

/** A repository for each image of `make images`, which pushes to them. */
export class ImagesStack extends Stack {
  /** REGISTRY of `make images`. Without tokens, because the build uses it too. */
  readonly registry: string;

  constructor(scope: Construct, id: string, props: ImagesStackProps) {
    super(scope, id, props);
    const isProduction = props.stage === 'prod';
    this.registry = `${this.account}.dkr.ecr.${this.region}.amazonaws.com/${props.stage}`;
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
