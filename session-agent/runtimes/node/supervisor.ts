/**
 * Rejects a version of Node that is too old. Only this file is written and bundled so that old
 * versions can parse it.
 */
const oldest = [20, 20] as const;
// A separate bundle beside this one.
const supervise = './supervise.cjs';
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) {
  require(supervise);
} else {
  process.stderr.write(
    `${process.execPath} is Node ${process.versions.node}: Node sessions need ${oldest.join('.')} or newer.\n`,
  );
  // sysexits.h EX_CONFIG
  process.exitCode = 78;
}

export {};
