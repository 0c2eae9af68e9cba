/** Names that rewritten steps find in the global object; no step sees them otherwise. */

/** `import()` relative to the workspace, without and with a check of names; `import.meta`. */
export const importer = '__steppe_import';
export const nameImporter = '__steppe_import_names';
export const importMeta = '__steppe_meta';

/** Makes the holder of constants from a getter for each. */
export const constantsGuard = '__steppe_guard';

/** Calls the step that is to run. */
export const stepCall = '__steppe_call';
