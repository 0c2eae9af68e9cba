// Checks that every path that a document names exists: links, and words in backticks that look like
// a path of this repository.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', '*.md'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter(Boolean);
const roots = new Set(
  execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
    .split('\n')
    .map((path) => path.split('/')[0]),
);

const missing = documents.flatMap((document) => {
  const text = readFileSync(document, 'utf8');
  const links = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)/g)].map(([, path]) =>
    join(dirname(document), path),
  );
  const words = [...text.matchAll(/`([\w.@-]+(?:\/[\w.@*-]+)*\/?)`/g)].map(([, path]) => path);
  const named = words.filter(
    (path) => roots.has(path.split('/')[0]) && !path.includes('*') && /[./]/.test(path),
  );
  return [...links, ...named]
    .filter((path) => !existsSync(path))
    .map((path) => `${document}: there is no ${path}`);
});

for (const line of missing) console.error(line);
console.error(`${documents.length} documents, ${missing.length} paths that do not exist`);
process.exitCode = missing.length === 0 ? 0 : 1;
