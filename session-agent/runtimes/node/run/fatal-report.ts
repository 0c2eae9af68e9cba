import { join } from 'node:path';
import process from 'node:process';

/**
 * Node writes a report here when V8 runs out of heap. Without the report, the abort would look like
 * one that user code caused.
 */
export function fatalReportPath(runDir: string, epoch: number): string {
  return join(runDir, `${epoch}.fatal.json`);
}

export function reportFatalErrors(runDir: string, epoch: number): void {
  const { report } = process;
  report.reportOnFatalError = true;
  report.directory = runDir;
  report.filename = `${epoch}.fatal.json`;
  report.compact = true;
  // Only newer versions have these settings: no DNS look-ups at exit, and no variables in the file.
  Reflect.set(report, 'excludeNetwork', true);
  Reflect.set(report, 'excludeEnv', true);
}
