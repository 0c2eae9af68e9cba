import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** In a directory of instances: how those ended that are gone. */
export const keptEndsName = 'ended';

/**
 * Removes a directory of instances in which none is left. Whoever is the last there calls it;
 * harmless where others go on.
 */
export function removeUnusedInstances(directory: string): void {
  try {
    if (readdirSync(directory).some((name) => name !== keptEndsName)) return;
    rmSync(join(directory, keptEndsName), { recursive: true, force: true });
    // Fails where somebody began an instance meanwhile, as it should.
    rmdirSync(directory);
  } catch {
    // It is gone, or in use again.
  }
}
