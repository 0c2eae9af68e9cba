import type { OperationName } from '@steppe/contracts/operations';
import type { Call } from './call.ts';
import { fileCalls } from './file-calls.ts';
import { sessionCalls } from './session-calls.ts';
import { stepCalls } from './step-calls.ts';

/** The description of every call of the API. */
export const calls: Record<OperationName, Call> = { ...sessionCalls, ...stepCalls, ...fileCalls };
