import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './built-images.ts';

/** Texts by which a setting of this machine is known: hosts, paths and certificates of its own. */
export function machineSettings(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'steppe-settings-'));
  try {
    execFileSync(`${root}tools/cluster/image`, ['settings', folder]);
    const read = (id: string) =>
      readdirSync(folder).includes(id) ? readFileSync(join(folder, id), 'utf8') : '';
    return [
      ...['apt.conf', 'npmrc', 'pip.conf'].flatMap((id) => tellingLines(read(id))),
      ...ownCertificates(read('ca-certificates')),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Short lines, such as `fund=false`, are in the documentation of npm and pip too. */
const tellingLines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length >= 16 && /[/:]/.test(line));

/** One line of each certificate that Debian's package does not have. */
function ownCertificates(bundle: string): string[] {
  const mozilla = '/usr/share/ca-certificates/mozilla';
  const known = readdirSync(mozilla).map((name) => readFileSync(join(mozilla, name), 'utf8'));
  const knownText = known.join('\n');
  return [...bundle.matchAll(/BEGIN CERTIFICATE-+\n(?:.*\n){3}(.*)\n/g)]
    .map(([, line = '']) => line)
    .filter((line) => !knownText.includes(line));
}
