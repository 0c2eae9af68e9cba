import type { OpenSession, Services } from './services.ts';

/** More starts at once only wait for the processors. */
const startsAtOnce = 4;

/** Opens sessions of Python, and runs a first step in each. */
export async function openSessions(services: Services, count: number): Promise<OpenSession[]> {
  const opened: OpenSession[] = [];
  let begun = 0;
  const openInTurn = async () => {
    while (begun < count) {
      begun += 1;
      const session = await services.openSession('python');
      await session.run('x = 0');
      opened.push(session);
    }
  };
  await Promise.all(Array.from({ length: startsAtOnce }, openInTurn));
  return opened;
}
