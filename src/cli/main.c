/* The `scrawl` program: finds the command and runs it. */
#include "cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

/* In the order in which the overview lists them. */
static const cli_command *const COMMANDS[] = {
    &CLI_READ, &CLI_TRAIN, &CLI_EVALUATE, &CLI_DATA, &CLI_MODEL, &CLI_SERVE, NULL,
};

static const cli_command *find_command(const char *name) {
  for (const cli_command *const *command = COMMANDS; *command; command++)
    if (strcmp((*command)->name, name) == 0) return *command;
  return NULL;
}

static void print_overview(FILE *stream) {
  fprintf(stream,
          "Scrawl reads handwriting.\n\nUsage: scrawl COMMAND [OPTION...] [OPERAND...]\n\n");
  for (const cli_command *const *command = COMMANDS; *command; command++)
    fprintf(stream, "  %-10s %s\n", (*command)->name, (*command)->summary);
  fprintf(stream, "  %-10s %s\n\n", "help", "explain a command: scrawl help COMMAND");
  fprintf(stream, "scrawl --version prints the version. Exit status: 0 done, 1 some inputs failed, "
                  "2 wrong usage.\n");
}

static int unknown_command(const char *name) {
  fprintf(stderr, "scrawl: there is no command \"%s\"; the commands are", name);
  for (const cli_command *const *command = COMMANDS; *command; command++)
    fprintf(stderr, " %s", (*command)->name);
  fprintf(stderr, " help\n");
  return CLI_USAGE;
}

/* `scrawl help`, `scrawl help data get`, `scrawl help --man read`: the command prints its own. */
static int run_help(int argc, char **argv) {
  bool man = argc > 1 && strcmp(argv[1], "--man") == 0;
  if (man) {
    argc--;
    argv++;
  }
  if (argc < 2) {
    print_overview(stdout);
    return CLI_DONE;
  }
  const cli_command *command = find_command(argv[1]);
  if (!command) return unknown_command(argv[1]);
  char help[] = "--help", manual[] = "--man";
  char *arguments[4] = {argv[1], man ? manual : help, NULL, NULL};
  if (argc > 2) { /* a subcommand */
    arguments[2] = arguments[1];
    arguments[1] = argv[2];
  }
  return command->run(argc > 2 ? 3 : 2, arguments);
}

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "C.UTF-8");
  if (argc < 2) {
    print_overview(stderr);
    return CLI_USAGE;
  }
  const char *name = argv[1];
  int status;
  if (strcmp(name, "--version") == 0) {
    printf("scrawl %s\n", scrawl_version());
    status = CLI_DONE;
  } else if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
    status = run_help(argc - 1, argv + 1);
  } else {
    const cli_command *command = find_command(name);
    status = command ? command->run(argc - 1, argv + 1) : unknown_command(name);
  }
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fprintf(stderr, "scrawl: standard output could not be written\n");
    return CLI_FAILED;
  }
  return status;
}
