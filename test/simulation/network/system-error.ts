/** An error as Node creates it from one of the system. */
export const systemError = (code: string, syscall: string, target = ''): Error =>
  Object.assign(new Error(`${syscall} ${code}${target && ` ${target}`}`), { code, syscall });
