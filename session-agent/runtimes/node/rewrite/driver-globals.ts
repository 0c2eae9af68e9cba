/** Names in the global object that only rewritten steps use. */

/** `import()` relative to the workspace, without and with a check of names; `import.meta`. */
export const importer = '__steppe_import';
export const nameImporter = '__steppe_import_names';
export const importMeta = '__steppe_meta';

/** Creates the object that holds constants, from a getter for each of them. */
export const constantsGuard = '__steppe_guard';

/** Calls the current step. */
export const stepCall = '__steppe_call';
