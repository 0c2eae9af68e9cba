import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engine } from '../../images/support/built-images.ts';
import { runOrThrow } from '../harness/commands.ts';
import { images, isExistingCluster } from '../support/config.ts';

/** What only the other version writes: the attribute of a row, and the field of a response. */
export const unknownName = 'other_version';

interface Change {
  image: string;
  file: string;
  /** Places in the file, whose lines may break anywhere, each with what to insert behind it. */
  insertions: readonly [RegExp, string][];
}

const changes = {
  controlPlane: {
    image: images().controlPlane,
    file: '/opt/steppe/control-plane.mjs',
    insertions: [[/\.\.\.record\w*,\s*write_id: writeId,/, `${unknownName}: 'kept',`]],
  },
  sessionAgent: {
    image: images().agent,
    file: '/opt/steppe/session-agent/main.cjs',
    insertions: [
      [/instance_id:\s*instanceId,\s*epoch:\s*interpreter\.\s*epoch/, `,${unknownName}:1`],
      [/epoch:\s*\w+,\s*state:\s*\w+,\s*last_active_at(?=\s*\})/, `,${unknownName}:1`],
    ],
  },
} satisfies Record<string, Change>;

/**
 * Builds images of a version whose rows and agents have what this version does not know, as two
 * versions have in a rollout, and gives them to the cluster.
 * @returns `images.references` of the chart
 */
export async function buildPreviousVersion(): Promise<Record<keyof typeof changes, string>> {
  return {
    controlPlane: await buildChanged(changes.controlPlane),
    sessionAgent: await buildChanged(changes.sessionAgent),
  };
}

async function buildChanged({ image, file, insertions }: Change): Promise<string> {
  const changed = insertions.reduce(
    (text, [place, inserted]) => insertOnce(text, place, inserted, file),
    engine.run(image, ['cat', file]),
  );
  const name = image.replace(/:[^:]*$/, ':previous');
  const folder = mkdtempSync(join(tmpdir(), 'steppe-previous-'));
  try {
    writeFileSync(join(folder, 'changed'), changed, { mode: 0o644 });
    const dockerfile = join(folder, 'Dockerfile');
    writeFileSync(dockerfile, `FROM ${image}\nCOPY changed ${file}\n`);
    engine.build(['--tag', name, '--file', dockerfile, folder]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (isExistingCluster()) engine.push(name);
  else await runOrThrow('tools/cluster/image', ['load', name]);
  return name;
}

/** @throws Error unless the file has that place exactly once. */
function insertOnce(text: string, place: RegExp, inserted: string, file: string): string {
  const [before, after, ...further] = text.split(new RegExp(`(?<=${place.source})`));
  if (after === undefined || further.length > 0)
    throw new Error(`${file} does not have ${place} exactly once`);
  return `${before}${inserted}${after}`;
}
