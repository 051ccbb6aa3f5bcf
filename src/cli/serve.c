/* scrawl serve: the web page and the HTTP interface, until SIGTERM or SIGINT. */
#include "serve/serve.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/open.h"

enum { TICK_NANOSECONDS = 500000000, PATIENCE_SECONDS = 30 };

static const char TEXT[] = "Serves a page on which people draw a digit or show a picture of one, "
                           "and POST /v1/read for programs. "
                           "Says where it listens on standard output, and writes a line for each "
                           "request to standard error.\n"
                           "\n"
                           "It listens on this machine alone: there are no accounts yet that would "
                           "keep strangers out. On SIGTERM "
                           "or SIGINT it accepts no more connections, answers the requests in "
                           "flight and ends; a second signal ends it "
                           "at once.\n"
                           "\n"
                           "Examples:\n"
                           "  scrawl serve\n"
                           "  scrawl serve --listen localhost:9000 --max-upload 20000000\n"
                           "  curl --data-binary @seven.png http://127.0.0.1:8080/v1/read";

/* Signals are taken here alone: they are blocked before the server starts its threads. */
static void block_signals(sigset_t *signals) {
  sigemptyset(signals);
  sigaddset(signals, SIGTERM);
  sigaddset(signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, signals, NULL);
  signal(SIGPIPE, SIG_IGN); /* a log that nobody reads any more ends no server */
}

static void wait_for_signal(serve_server *server, const sigset_t *signals) {
  const struct timespec tick = {.tv_nsec = TICK_NANOSECONDS};
  while (sigtimedwait(signals, NULL, &tick) < 0) serve_watch(server);
}

static int run(int argc, char **argv) {
  serve_options options = {.listen = "127.0.0.1:8080", .timeout = SERVE_DEFAULT_TIMEOUT};
  const char *model_name = "digits";
  int max_upload = SERVE_DEFAULT_MAX_UPLOAD, threads = 0, queue = SERVE_DEFAULT_QUEUE;
  bool quiet = false;
  const cli_option table[] = {
      {"listen", 'l', CLI_TEXT, "ADDRESS:PORT",
       "where to listen; port 0 takes any free one (127.0.0.1:8080)", &options.listen},
      {"model", 'm', CLI_TEXT, "NAME|FILE", "the model to read with (digits)", &model_name},
      {"max-upload", 0, CLI_COUNT, "BYTES", "the largest upload taken (10485760: 10 MB)",
       &max_upload},
      {"timeout", 0, CLI_NUMBER, "SECONDS",
       "how long a client may take to send a request's head or to fetch an answer; a large body "
       "gets more (30)",
       &options.timeout},
      {"threads", 't', CLI_COUNT, "N", "pictures read at the same time (one for each core)",
       &threads},
      {"queue", 0, CLI_COUNT, "N",
       "pictures that may wait to be read before others are sent away (64)", &queue},
      {"quiet", 'q', CLI_FLAG, NULL, "write no line for each request", &quiet},
      {0},
  };
  int operands;
  int code = cli_parse(&CLI_SERVE, table, argc, argv, &operands);
  if (code >= 0) return code;
  if (operands < argc) {
    cli_complain(&CLI_SERVE, "no operands, please; \"%s\" is one", argv[operands]);
    return CLI_USAGE;
  }
  if (max_upload < 1 || threads > SERVE_MAX_THREADS || queue < 1 || !(options.timeout > 0) ||
      options.timeout > SERVE_MAX_TIMEOUT) {
    cli_complain(
        &CLI_SERVE,
        "--max-upload and --queue are at least 1, --threads at most %d, --timeout more than 0 and "
        "at most %d",
        SERVE_MAX_THREADS, SERVE_MAX_TIMEOUT);
    return CLI_USAGE;
  }
  options.max_upload = (size_t)max_upload;
  options.threads = threads;
  options.queue = queue;
  options.log = quiet ? NULL : stderr;

  base_error error = {0};
  read_model *model;
  if (cli_open_model(model_name, &model, &error) != SCRAWL_OK) {
    cli_complain(&CLI_SERVE, "%s", error.message);
    return CLI_FAILED;
  }
  sigset_t signals;
  block_signals(&signals);
  serve_server *server;
  scrawl_status status = serve_start(&options, model, &server, &error);
  if (status != SCRAWL_OK) {
    cli_complain(&CLI_SERVE, "%s", error.message);
    read_model_free(model);
    return status == SCRAWL_INVALID_ARGUMENT ? CLI_USAGE : CLI_FAILED;
  }
  printf("Scrawl is listening on %s\n", serve_url(server));
  fflush(stdout);
  wait_for_signal(server, &signals);
  pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
  serve_stop(server, PATIENCE_SECONDS);
  read_model_free(model);
  return CLI_DONE;
}

const cli_command CLI_SERVE = {.name = "serve",
                               .operands = "",
                               .summary = "serve the web page and the HTTP interface",
                               .text = TEXT,
                               .run = run};
