// Regenerates the tables of variables in docs/operating.md from the `--help` output of each bundle.
// With --check it only reports whether they are up to date.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = `${root}docs/operating.md`;
const table = /(<!-- variables of ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g;

function rowsOf(service) {
  const bundle = service === 'session-agent' ? `${service}.cjs` : `${service}.mjs`;
  const text = execFileSync(process.execPath, [`${root}dist/${bundle}`, '--help'], {
    encoding: 'utf8',
  });
  const lines = text.split('\n').filter((line) => line.startsWith('  '));
  return lines.map((line) => {
    const [name, fallback, ...description] = line.trim().split(/ {2,}/);
    const shown =
      { required: '**required**', '-': '', [process.execPath]: 'its own' }[fallback] ??
      `\`${fallback}\``;
    return `| \`${name}\` | ${shown} | ${description.join(' ').replaceAll('|', '\\|')} |\n`;
  });
}

const before = readFileSync(guide, 'utf8');
const after = before.replace(
  table,
  (_, begin, service, end) =>
    `${begin}| variable | default | |\n|---|---|---|\n${rowsOf(service).join('')}${end}`,
);
if (!process.argv.includes('--check')) writeFileSync(guide, after);
else if (before !== after) {
  console.error(
    'the tables of variables in docs/operating.md are not what the services say; `make variables` writes them anew',
  );
  process.exitCode = 1;
}
