const messages: readonly unknown[] = ['connection failed', 'uncaught exception'];

/** Whether a line of a service's log reports an error that no fault explains. */
export const isUnexpected = ({ msg }: { msg?: unknown }): boolean => messages.includes(msg);
