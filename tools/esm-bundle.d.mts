import type { BuildOptions } from 'esbuild';

export declare const esmBundle: BuildOptions;
