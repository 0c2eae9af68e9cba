import { readFile } from 'node:fs/promises';

/** dynalite requires its operations by computed names without an extension. */
export const bundleDynalite = {
  name: 'dynalite',
  setup(build) {
    build.onLoad({ filter: /node_modules\/dynalite\/index\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        /require\('\.\/(actions|validations)\/' \+ (\w+)\)/g,
        "require('./$1/' + $2 + '.js')",
      ),
    }));
  },
};
