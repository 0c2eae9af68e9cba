// The parts of dynalite that work without its server and without LevelDB.

declare module 'dynalite/actions/*' {
  /** Calls `done` before it returns, if the store calls back at once. */
  const action: (
    store: object,
    data: object,
    done: (error: unknown, response?: object) => void,
  ) => void;
  export = action;
}

declare module 'dynalite/validations/*' {
  const rules: { types: object; custom(data: object, store: object): string | undefined };
  export = rules;
}

declare module 'dynalite/validations/index.js' {
  const validations: {
    /** Returns the request without the fields that the operation does not know. */
    checkTypes(data: object, types: object): object;
    /** Parses the expressions of the request into it. */
    checkValidations(data: object, types: object, custom: unknown, store: object): void;
  };
  export = validations;
}

declare module 'dynalite/db/index.js' {
  import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
  import type { Item } from '@steppe/session-store/dynamodb/items';

  const db: {
    getIndexActions(
      indexes: CreateTableCommandInput['GlobalSecondaryIndexes'],
      before: Item | undefined,
      after: Item | undefined,
      table: CreateTableCommandInput,
    ): { puts: { index: string; key: string; item: Item }[] };
  };
  export = db;
}
