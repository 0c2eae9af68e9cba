/* The first process of every pod: keeps its namespaces and reaps orphans. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void terminate(int signal) { _exit(0); }
static void reap(int signal) { while (waitpid(-1, 0, WNOHANG) > 0); }

int main(void) {
  signal(SIGTERM, terminate);
  signal(SIGINT, terminate);
  signal(SIGCHLD, reap);
  for (;;) pause();
}
