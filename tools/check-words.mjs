// Fails on forbidden words of tools/words.json in code and documents, so that each thing has one
// name. Finds a compound with hyphens, with underscores and in camel case.
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { forbidden, exceptions } = JSON.parse(readFileSync(`${root}tools/words.json`, 'utf8'));
const isText =
  /\.(ts|mjs|cjs|js|py|md|json|yaml|toml|sh|go|c)$|Dockerfile|(^|\/)(Makefile|run|cluster|image|localstack)$/;
const isGenerated = /^((cdk\/)?package-lock\.json|docs\/openapi\.json)$/;

const replacements = new Map();
for (const { say, words } of forbidden) for (const word of words) replacements.set(word, say);
const longest = Math.max(...[...replacements.keys()].map((word) => word.split('-').length));

/** The forbidden words in one identifier or word of a text. */
function* wordsIn(compound) {
  const parts = compound
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3-$2')
    .toLowerCase()
    .split(/[-_]+/);
  for (let start = 0; start < parts.length; start += 1) {
    for (let end = start + 1; end <= Math.min(parts.length, start + longest); end += 1) {
      const word = parts.slice(start, end).join('-');
      if (replacements.has(word)) yield word;
    }
  }
}

const used = new Set();

/** An exception names a file or folder, a compound, or both, and says why. */
const isException = (path, compound) =>
  exceptions.some((exception) => {
    const matches =
      (exception.file === undefined || path.startsWith(exception.file)) &&
      (exception.compound === undefined || exception.compound === compound);
    if (matches) used.add(exception);
    return matches;
  });

function* findingsIn(path, text) {
  for (const [index, line] of [path, ...text.split('\n')].entries()) {
    for (const [compound] of line.matchAll(/[A-Za-z]\w*(?:-\w+)*/g)) {
      for (const word of wordsIn(compound)) {
        if (isException(path, compound)) continue;
        // Line 0 is the path itself.
        yield `${path}${index === 0 ? '' : `:${index}`}: ${compound}: say ${replacements.get(word)}`;
      }
    }
  }
}

const paths = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
const findings = [];
for (const path of paths) {
  if (!isText.test(path) || isGenerated.test(path)) continue;
  const stats = lstatSync(`${root}${path}`, { throwIfNoEntry: false });
  if (!stats?.isFile()) continue;
  findings.push(...findingsIn(path, readFileSync(`${root}${path}`, 'utf8')));
}
const unused = exceptions.filter((exception) => !used.has(exception));
for (const finding of new Set(findings)) console.error(finding);
for (const exception of unused)
  console.error(`tools/words.json: nothing needs the exception ${JSON.stringify(exception)}`);
process.exitCode = findings.length + unused.length === 0 ? 0 : 1;
