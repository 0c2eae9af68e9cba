// These packages have no types.
declare module '@babel/plugin-proposal-decorators' {
  const plugin: import('@babel/core').PluginTarget;
  export = plugin;
}
declare module '@babel/preset-typescript' {
  const preset: import('@babel/core').PluginTarget;
  export = preset;
}
