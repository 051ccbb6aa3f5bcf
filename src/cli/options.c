/* Options of one command: parsing (getopt_long), help and man page, all from the command's
 * table. */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 64, HELP_KEY = 1000, MAN_KEY, FIRST_KEY, COLUMNS = 100, HELP_COLUMN = 30 };

void cli_complain(const cli_command *command, const char *format, ...) {
  fprintf(stderr, "scrawl %s: ", command->name);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

/* ---- help ---- */

/* Words of `text` from `column` on, wrapped, continued at `indent`; line breaks in the text are
 * kept, and lines that begin with a blank are printed as they are. */
static void print_wrapped(const char *text, int column, int indent) {
  bool fresh = true;
  while (*text) {
    if (*text == '\n') {
      putchar('\n');
      text++;
      column = 0;
      fresh = true;
      if (*text == ' ') {
        size_t length = strcspn(text, "\n");
        printf("%.*s", (int)length, text);
        text += length;
      }
      continue;
    }
    if (*text == ' ') {
      text++;
      continue;
    }
    int length = (int)strcspn(text, " \n");
    if (!fresh && column + 1 + length > COLUMNS) {
      printf("\n%*s", indent, "");
      column = indent;
      fresh = true;
    }
    if (!fresh) {
      putchar(' ');
      column++;
    }
    printf("%.*s", length, text);
    column += length;
    text += length;
    fresh = false;
  }
  putchar('\n');
}

static void print_help(const cli_command *command, const cli_option *options) {
  printf("Usage: scrawl %s%s%s%s\n\n", command->name, options->name ? " [OPTION...]" : "",
         *command->operands ? " " : "", command->operands);
  print_wrapped(command->text, 0, 0);
  if (options->name) printf("\nOptions:\n");
  for (const cli_option *option = options; option->name; option++) {
    int column = option->letter ? printf("  -%c, --%s", option->letter, option->name)
                                : printf("      --%s", option->name);
    if (option->argument) column += printf(" %s", option->argument);
    if (column >= HELP_COLUMN - 1) {
      putchar('\n');
      column = 0;
    }
    printf("%*s", HELP_COLUMN - column, "");
    print_wrapped(option->help, HELP_COLUMN, HELP_COLUMN);
  }
}

/* Text for troff: backslashes and hyphens escaped, a line that begins with a dot or quote
 * guarded. */
static void print_troff(const char *text) {
  bool start = true;
  for (; *text; text++) {
    if (start && *text == ' ') {
      printf(".nf\n");
      while (*text == ' ') {
        for (; *text && *text != '\n'; text++)
          printf(*text == '-' || *text == '\\' ? "\\%c" : "%c", *text);
        putchar('\n');
        if (*text) text++;
      }
      printf(".fi\n");
      if (!*text) return;
    }
    if (start && (*text == '.' || *text == '\'')) printf("\\&");
    start = *text == '\n';
    if (start && text[1] == '\n') {
      printf("\n.PP");
      continue;
    }
    if (*text == '\\')
      printf("\\e");
    else if (*text == '-')
      printf("\\-");
    else
      putchar(*text);
  }
  if (!start) putchar('\n');
}

static void print_man(const cli_command *command, const cli_option *options) {
  char title[64];
  snprintf(title, sizeof title, "scrawl-%s", command->name);
  for (char *letter = title; *letter; letter++)
    if (*letter == ' ') *letter = '-';
  printf(".TH %s 1 \"\" \"Scrawl %s\"\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", title,
         scrawl_version(), title, command->summary);
  printf(".B scrawl %s\n%s%s\n.SH DESCRIPTION\n", command->name,
         options->name ? "[\\fIOPTION\\fR...] " : "", command->operands);
  print_troff(command->text);
  if (options->name) printf(".SH OPTIONS\n");
  for (const cli_option *option = options; option->name; option++) {
    printf(".TP\n");
    if (option->letter) printf("\\fB\\-%c\\fR, ", option->letter);
    printf("\\fB\\-\\-%s\\fR", option->name);
    if (option->argument) printf(" \\fI%s\\fR", option->argument);
    putchar('\n');
    print_troff(option->help);
  }
  printf(".SH EXIT STATUS\n0 done, 1 some inputs failed, 2 wrong usage.\n");
}

/* ---- parsing ---- */

/* Whether `value` is one of the words in "text|json|tsv"; any value will do where the argument is
 * no such list. */
static bool in_list(const char *list, const char *value) {
  if (!list || !strchr(list, '|') || !islower((unsigned char)list[0])) return true;
  for (const char *word = list; *word;) {
    size_t length = strcspn(word, "|");
    if (isupper((unsigned char)word[0])) return true; /* "digits|FILE" */
    if (strlen(value) == length && strncmp(word, value, length) == 0) return true;
    word += length + (word[length] == '|');
  }
  return false;
}

static bool parse_value(const cli_command *command, const cli_option *option, const char *text) {
  char *end = NULL;
  errno = 0;
  switch (option->kind) {
  case CLI_FLAG:
    *(bool *)option->value = true;
    return true;
  case CLI_TEXT:
    if (!in_list(option->argument, text)) {
      cli_complain(command, "--%s cannot be \"%s\"; it is one of %s", option->name, text,
                   option->argument);
      return false;
    }
    *(const char **)option->value = text;
    return true;
  case CLI_COUNT: {
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 0 || number > INT_MAX) {
      cli_complain(command, "--%s wants a whole number from 0 to %d, not \"%s\"", option->name,
                   INT_MAX, text);
      return false;
    }
    *(int *)option->value = (int)number;
    return true;
  }
  case CLI_NUMBER: {
    double number = strtod(text, &end);
    if (errno || end == text || *end || !isfinite(number)) {
      cli_complain(command, "--%s wants a number, not \"%s\"", option->name, text);
      return false;
    }
    *(double *)option->value = number;
    return true;
  }
  case CLI_SEED: {
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || *end || strchr(text, '-')) {
      cli_complain(command, "--%s wants a whole number from 0 to 2^64-1, not \"%s\"", option->name,
                   text);
      return false;
    }
    *(uint64_t *)option->value = number;
    return true;
  }
  }
  return false;
}

int cli_parse(const cli_command *command, const cli_option *options, int argc, char **argv,
              int *operands) {
  struct option longs[MAX_OPTIONS + 3];
  char shorts[2 * MAX_OPTIONS + 4] = ":h";
  size_t count = 0, letters = strlen(shorts);
  for (; options[count].name && count < MAX_OPTIONS; count++) {
    bool valued = options[count].kind != CLI_FLAG;
    longs[count] = (struct option){options[count].name, valued ? required_argument : no_argument,
                                   NULL, FIRST_KEY + (int)count};
    if (options[count].letter) {
      shorts[letters++] = options[count].letter;
      if (valued) shorts[letters++] = ':';
    }
  }
  shorts[letters] = '\0';
  longs[count] = (struct option){"help", no_argument, NULL, HELP_KEY};
  longs[count + 1] = (struct option){"man", no_argument, NULL, MAN_KEY};
  longs[count + 2] = (struct option){NULL, 0, NULL, 0};

  optind = 0; /* glibc: begin anew, also when called a second time */
  opterr = 0;
  for (;;) {
    int at = optind ? optind : 1;
    int key = getopt_long(argc, argv, shorts, longs, NULL);
    if (key == -1) break;
    if (key == HELP_KEY || key == 'h') {
      print_help(command, options);
      return CLI_DONE;
    }
    if (key == MAN_KEY) {
      print_man(command, options);
      return CLI_DONE;
    }
    if (key == ':') {
      cli_complain(command, "%s wants a value; see scrawl help %s", argv[optind - 1],
                   command->name);
      return CLI_USAGE;
    }
    if (key == '?') {
      if (optopt >= FIRST_KEY)
        cli_complain(command, "--%s takes no value", options[optopt - FIRST_KEY].name);
      else
        cli_complain(command, "there is no option %s; see scrawl help %s", argv[at], command->name);
      return CLI_USAGE;
    }
    const cli_option *option = NULL;
    for (size_t i = 0; i < count; i++)
      if (key == FIRST_KEY + (int)i || key == options[i].letter) option = &options[i];
    if (!option || !parse_value(command, option, optarg)) return CLI_USAGE;
  }
  *operands = optind;
  return -1;
}
