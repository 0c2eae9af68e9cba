import { join } from 'node:path';
import process from 'node:process';

/**
 * Where Node leaves a report when V8 runs out of heap: the abort alone would look like one that
 * user code made.
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
  // Known to newer versions only: no DNS look-ups while the process dies, no variables in the file.
  Reflect.set(report, 'excludeNetwork', true);
  Reflect.set(report, 'excludeEnv', true);
}
