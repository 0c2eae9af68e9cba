import type { BuildOptions } from 'esbuild';

export declare const nodeRuntimeBundle: BuildOptions;
