/** CommonJS packages inside an ESM bundle call `require`. */
export const requireBanner =
  "import { createRequire as bundleRequire } from 'node:module';const require = bundleRequire(import.meta.url);";

/** How a program for Node is bundled as a module, with all of its packages. */
export const esmBundle = {
  bundle: true,
  platform: 'node',
  target: 'node20.20',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  banner: { js: requireBanner },
};
