import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import process from 'node:process';
import vm from 'node:vm';

/**
 * The file that a supervisor starts. It runs the driver in a realm of its own, so that the driver
 * keeps its built-ins whatever user code makes of `Array.prototype.map` or `JSON.stringify` in the
 * main realm.
 */
const ownFile = process.argv[1] ?? '';
const driverFile = join(dirname(ownFile), `driver${extname(ownFile)}`);
const requireBuiltin = createRequire(ownFile);

/** What Node itself adds to a global object. The intrinsics are those of the driver's realm. */
const hostGlobals = {
  Buffer: copyOf(Buffer),
  URL,
  clearTimeout,
  performance: { now: performance.now.bind(performance) },
  setImmediate,
  setTimeout,
};

/** The driver changes these modules for user code, so it needs the modules themselves. */
const changed = new Set(['node:child_process', 'node:process', 'node:timers']);

/** Other modules are copied, because user code may replace their functions. */
function requireOwn(name: string): unknown {
  const builtin: object = requireBuiltin(name);
  if (changed.has(name)) return builtin;
  return copyOf(builtin);
}

function copyOf(holder: object): object {
  return Object.defineProperties({}, Object.getOwnPropertyDescriptors(holder));
}

const driver: (require: (name: string) => unknown) => void = vm.compileFunction(
  readFileSync(driverFile, 'utf8'),
  ['require'],
  { filename: driverFile, parsingContext: vm.createContext(hostGlobals) },
) as () => void;
driver(requireOwn);
