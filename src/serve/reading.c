/* Reading pictures: a queue of requests with a bound, and workers that take from it. Each worker
 * has a reader of its own; while one reads, the client's connection is suspended and libmicrohttpd
 * serves others. Who holds a request may write to it: the HTTP thread until it is queued, the
 * worker until it resumes the connection, then the HTTP thread again. */
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "page/sheet.h"
#include "serve/server.h"

/* ---- one request ---- */

static scrawl_status read_file(const serve_request *request, read_reader *reader,
                               const serve_file *file, page_steps *steps, read_result *result,
                               base_error *error) {
  read_result_init(result);
  if (file->size == 0) return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the picture is empty");
  const page_options options = {.mode = request->mode,
                                .alphabet = request->alphabet,
                                .describe = request->describe,
                                .steps = steps,
                                .limits = {.bytes = request->server->options.max_upload}};
  return page_read(file->bytes, file->size, &options, reader, result, error);
}

static void answer_program(serve_request *request, read_reader *reader, const serve_file *file) {
  base_error error = {0};
  read_result result;
  format_buffer buffer = {0};
  page_steps steps = {0};
  scrawl_status status =
      read_file(request, reader, file, request->steps ? &steps : NULL, &result, &error);
  if (status == SCRAWL_OK) status = request->format->write(&result, NULL, &buffer, &error);
  if (status == SCRAWL_OK && request->steps) status = serve_append_steps(&steps, &buffer, &error);
  if (status == SCRAWL_OK) {
    serve_answer_text(request, MHD_HTTP_OK, request->format->media_type, &buffer);
  } else {
    base_free(buffer.text);
    serve_refuse_error(request, &error);
  }
  page_steps_free(&steps);
  read_result_free(&result);
}

/* A page with a reading for each picture; the status of the failure when none could be read. */
static void answer_person(serve_request *request, read_reader *reader, const serve_file *files,
                          size_t count) {
  format_buffer content = {0}, page = {0};
  base_error first_error = {0};
  size_t done = 0;
  for (size_t i = 0; i < count; i++) {
    base_error error = {0};
    read_result result;
    if (read_file(request, reader, &files[i], NULL, &result, &error) == SCRAWL_OK) {
      serve_view_reading(files[i].name, &result, &content);
      done++;
    } else {
      serve_view_failure(files[i].name, error.message, &content);
      if (first_error.status == SCRAWL_OK) first_error = error;
    }
    read_result_free(&result);
  }
  if (done == 0 && count == 1) {
    serve_refuse_error(request, &first_error);
  } else {
    serve_view_page(request->server, request->mode, content.text, &page);
    page.failed = page.failed || content.failed;
    serve_answer_text(request, done ? MHD_HTTP_OK : MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, SERVE_HTML,
                      &page);
  }
  base_free(content.text);
}

static void answer_request(serve_request *request, read_reader *reader) {
  static const char FORM[] = "multipart/form-data";
  serve_file files[SERVE_MAX_FILES];
  serve_field fields[] = {{.name = "as"}, {0}};
  size_t count = 0;
  base_error error = {0};
  if (strncasecmp(request->type, FORM, sizeof FORM - 1) != 0) {
    files[0] = (serve_file){.bytes = request->body, .size = request->size};
    count = 1;
  } else if (serve_multipart_parse(request->type, request->body, request->size, files,
                                   SERVE_MAX_FILES, &count, fields, &error) != SCRAWL_OK) {
    serve_refuse(request, MHD_HTTP_BAD_REQUEST, "%s", error.message);
    return;
  }
  if (*fields[0].value && !serve_request_take_mode(request, fields[0].value)) return;
  if (count == 0)
    serve_refuse(request, MHD_HTTP_BAD_REQUEST, "no picture was chosen");
  else if (!request->for_programs)
    answer_person(request, reader, files, count);
  else if (count > 1)
    serve_refuse(request, MHD_HTTP_BAD_REQUEST, "one picture at a time, please: the form has %zu",
                 count);
  else
    answer_program(request, reader, &files[0]);
}

/* ---- the workers ---- */

static serve_request *wait_for_request(serve_queue *queue) {
  pthread_mutex_lock(&queue->lock);
  while (!queue->first && !queue->stopping) pthread_cond_wait(&queue->changed, &queue->lock);
  serve_request *request = queue->first;
  if (request) {
    queue->first = request->next;
    queue->waiting--;
  }
  pthread_mutex_unlock(&queue->lock);
  return request;
}

static void *work(void *argument) {
  serve_worker *worker = argument;
  serve_request *request;
  while ((request = wait_for_request(worker->queue))) {
    answer_request(request, worker->reader);
    request->server->http->resume_connection(request->connection);
  }
  return NULL;
}

scrawl_status serve_queue_start(serve_server *server, int threads, int limit, base_error *error) {
  serve_queue *queue = &server->queue;
  if (threads == 0) threads = (int)base_cpu_cores();
  if (threads > SERVE_MAX_THREADS) threads = SERVE_MAX_THREADS;
  queue->limit = limit;
  queue->workers = base_alloc_zero((size_t)threads, sizeof *queue->workers);
  if (!queue->workers) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the workers");
  for (; queue->worker_count < threads; queue->worker_count++) {
    serve_worker *worker = &queue->workers[queue->worker_count];
    worker->queue = queue;
    BASE_TRY(read_reader_create(server->model, 1, NULL, &worker->reader, error));
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
      read_reader_free(worker->reader);
      return base_fail(error, SCRAWL_OUT_OF_MEMORY, "thread %d of %d cannot be started",
                       queue->worker_count + 1, threads);
    }
  }
  return SCRAWL_OK;
}

void serve_queue_push(serve_request *request) {
  serve_queue *queue = &request->server->queue;
  pthread_mutex_lock(&queue->lock);
  bool full = queue->stopping || queue->waiting >= queue->limit;
  if (!full) {
    serve_connection_allow(request->server, request->connection, INFINITY);
    request->server->http->suspend_connection(request->connection);
    request->queued = true;
    request->next = NULL;
    if (queue->first)
      queue->last->next = request;
    else
      queue->first = request;
    queue->last = request;
    queue->waiting++;
    pthread_cond_signal(&queue->changed);
  }
  pthread_mutex_unlock(&queue->lock);
  if (full)
    serve_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                 "many pictures are waiting to be read; please try again in a moment");
}

void serve_queue_stop(serve_queue *queue) {
  pthread_mutex_lock(&queue->lock);
  queue->stopping = true;
  pthread_cond_broadcast(&queue->changed);
  pthread_mutex_unlock(&queue->lock);
  for (int i = 0; i < queue->worker_count; i++) {
    pthread_join(queue->workers[i].thread, NULL);
    read_reader_free(queue->workers[i].reader);
  }
  base_free(queue->workers);
  queue->workers = NULL;
  queue->worker_count = 0;
}
