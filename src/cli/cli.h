/* The command line: one file per command, one table of options each, from which parsing, `scrawl
 * help` and the man pages come.
 *
 * Exit codes: 0 done, 1 some inputs failed, 2 usage. Results go to standard output, everything else
 * to standard error. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_COUNT, CLI_NUMBER, CLI_SEED } cli_kind;

/* One option. `value` points at a bool, const char *, int (>= 0), double or uint64_t by kind,
 * holding the default. */
typedef struct cli_option {
  const char *name; /* "format": --format */
  char letter;      /* 'f': -f; 0: none */
  cli_kind kind;
  const char *argument; /* "text|json|tsv"; when it is a list with bars, other values are refused */
  const char *help;     /* one sentence or two; says the default */
  void *value;
} cli_option;

typedef struct cli_command {
  const char *name;
  const char *operands;              /* "FILE...|-" */
  const char *summary;               /* one line */
  const char *text;                  /* paragraphs for help and the man page, with examples */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} cli_command;

extern const cli_command CLI_READ, CLI_TRAIN, CLI_EVALUATE, CLI_DATA, CLI_MODEL, CLI_SERVE;
/* `data generate`, which data.c runs. */
extern const cli_command CLI_GENERATE;

/* Parses; `options` ends with a row of NULLs. On success returns -1 and the index of the first
 * operand in `*operands`. Otherwise the exit code to return: 0 after --help (printed), 2 after a
 * usage error (said on standard error with what would be right). */
int cli_parse(const cli_command *command, const cli_option *options, int argc, char **argv,
              int *operands);

/* "scrawl read: SENTENCE" on standard error. */
void cli_complain(const cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
