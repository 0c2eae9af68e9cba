import { writeFileSync } from 'node:fs';
import { ComponentType } from '@cyclonedx/cyclonedx-library/Enums';
import { Bom, Component, NamedLicense, SpdxLicense } from '@cyclonedx/cyclonedx-library/Models';
import { JSON as JsonFormat, JsonSerializer } from '@cyclonedx/cyclonedx-library/Serialize';
import { isSupportedSpdxId } from '@cyclonedx/cyclonedx-library/SPDX';
import { Spec1dot6 } from '@cyclonedx/cyclonedx-library/Spec';
import type { ImageDefinition } from '../definitions.ts';
import type { Engine } from '../engine.ts';
import {
  listBundledPackages,
  listDebianPackages,
  listNodePackages,
  listPythonPackages,
  type Package,
} from './packages.ts';

/** Writes the SBOM of an image, in CycloneDX: what dpkg, npm and pip know, and our bundle. */
export function writeImageSbom(request: {
  root: string;
  engine: Engine;
  image: ImageDefinition;
  /** With registry and tag. */
  name: string;
  version: string;
  file: string;
}): void {
  const { image, version } = request;
  const bom = new Bom();
  bom.metadata.component = new Component(ComponentType.Container, `steppe/${image.name}`, {
    version,
    bomRef: `steppe/${image.name}@${version}`,
  });
  for (const each of listPackages(request)) {
    const component = toComponent(each);
    bom.components.add(component);
    bom.metadata.component.dependencies.add(component.bomRef);
  }
  const serializer = new JsonSerializer(new JsonFormat.Normalize.Factory(Spec1dot6));
  writeFileSync(request.file, `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`);
}

function listPackages({
  root,
  engine,
  image,
  name,
}: Parameters<typeof writeImageSbom>[0]): Package[] {
  const packages = [
    ...listDebianPackages(engine, name),
    ...(image.name.startsWith('runtime-python')
      ? listPythonPackages(engine, name)
      : listNodePackages(engine, name)),
    ...listBundledPackages(root, image.name),
  ];
  return [...new Map(packages.map((each) => [packageUrl(each), each])).values()];
}

function toComponent(each: Package): Component {
  const purl = packageUrl(each);
  const component = new Component(ComponentType.Library, each.name, {
    version: each.version,
    purl,
    bomRef: purl,
  });
  if (each.license !== undefined)
    component.licenses.add(
      isSupportedSpdxId(each.license)
        ? new SpdxLicense(each.license)
        : new NamedLicense(each.license),
    );
  return component;
}

/** https://github.com/package-url/purl-spec */
function packageUrl({ kind, name, version, architecture }: Package): string {
  const encoded = encodeURIComponent(version);
  switch (kind) {
    case 'deb':
      return `pkg:deb/debian/${encodeURIComponent(name)}@${encoded}?arch=${architecture}`;
    case 'npm':
      return `pkg:npm/${name.split('/').map(encodeURIComponent).join('/')}@${encoded}`;
    case 'pypi':
      return `pkg:pypi/${name.toLowerCase().replaceAll('_', '-')}@${encoded}`;
    case 'generic':
      return `pkg:generic/${name}@${encoded}`;
  }
}
