import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** Writes the SBOM of the workspace, in CycloneDX, from its lock file. */
export function writeWorkspaceSbom(root: string, file: string): void {
  const bom = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  writeFileSync(file, bom);
}
