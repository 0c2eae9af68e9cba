import { expect, test } from 'vitest';
import { images } from '../../tools/images/definitions.ts';
import { exampleApp, templateOf } from '../testing/example-app.ts';

test('each image has a repository with immutable tags, scans and a lifecycle', () => {
  const template = templateOf(exampleApp(), 'images');
  const repositories = Object.values(template.findResources('AWS::ECR::Repository'));
  expect(repositories.map(({ Properties }) => Properties.RepositoryName).sort()).toEqual(
    images.map(({ name }) => `example/steppe/${name}`).sort(),
  );
  template.allResourcesProperties('AWS::ECR::Repository', {
    ImageTagMutability: 'IMMUTABLE',
    ImageScanningConfiguration: { ScanOnPush: true },
  });
  for (const { Properties } of repositories) {
    expect(JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText).rules).toHaveLength(2);
  }
});

test('the images of prod survive their stack', () => {
  const template = templateOf(exampleApp({ stage: 'prod' }), 'images');
  template.allResources('AWS::ECR::Repository', { DeletionPolicy: 'Retain' });
});
