/* The public interface (include/scrawl.h) over the core: what needs no picture file. */
#include <string.h>

#include "nn/spec.h"
#include "nn/trainer.h"
#include "read/context.h"

static const char *const DEFAULT_MODEL = "digits";

enum { ARENA_BYTES = 4 << 10 };
#define MAX_PIXELS ((uint64_t)64 << 20)

scrawl_context *scrawl_context_create(void) {
  scrawl_context *context = base_alloc_zero(1, sizeof *context);
  if (context) base_arena_init(&context->arena, ARENA_BYTES);
  return context;
}

void scrawl_context_free(scrawl_context *context) {
  if (!context) return;
  read_reader_free(context->reader);
  read_model_free(context->digits);
  base_arena_free(&context->arena);
  base_free(context);
}

const char *scrawl_context_error(const scrawl_context *context) {
  return context ? context->error.message : "";
}

scrawl_status scrawl_model_open_memory(scrawl_context *context, const void *bytes, size_t size,
                                       scrawl_model **model) {
  if (model) *model = NULL;
  if (!context) return SCRAWL_INVALID_ARGUMENT;
  if (!model || !bytes)
    return base_fail(&context->error, SCRAWL_INVALID_ARGUMENT, "no bytes, or no place for a model");
  return base_fail_within(&context->error, read_model_open(bytes, size, model, &context->error),
                          "model");
}

scrawl_status scrawl_model_open(scrawl_context *context, const char *name, scrawl_model **model) {
  if (model) *model = NULL;
  if (!context) return SCRAWL_INVALID_ARGUMENT;
  if (!model || !name)
    return base_fail(&context->error, SCRAWL_INVALID_ARGUMENT, "no name, or no place for a model");
  return read_model_open_builtin(name, model, &context->error);
}

void scrawl_model_free(scrawl_model *model) {
  read_model_free(model);
}

scrawl_status read_context_reader(scrawl_context *context, const scrawl_model *model,
                                  read_reader **reader) {
  *reader = NULL;
  if (!model && !context->digits)
    BASE_TRY(read_model_open_builtin(DEFAULT_MODEL, &context->digits, &context->error));
  if (!model) model = context->digits;
  if (!context->reader || context->reader_serial != model->serial) {
    read_reader_free(context->reader);
    context->reader = NULL;
    BASE_TRY(read_reader_create(model, 1, NULL, &context->reader, &context->error));
    context->reader_serial = model->serial;
  }
  *reader = context->reader;
  return SCRAWL_OK;
}

static void copy_candidate(scrawl_glyph *to, const char *text, double confidence) {
  if (to->candidate_count == SCRAWL_MAX_ALTERNATIVES) return;
  scrawl_candidate *candidate = &to->candidates[to->candidate_count++];
  strncpy(candidate->text, text, SCRAWL_MAX_SIGN_BYTES - 1);
  candidate->confidence = confidence;
}

static void copy_glyph(const read_glyph *from, scrawl_glyph *to) {
  *to = (scrawl_glyph){
      .rejected = from->rejected,
      .box = {from->box.x, from->box.y, from->box.width, from->box.height},
  };
  if (!from->rejected) copy_candidate(to, from->text, from->confidence);
  for (size_t i = 0; i < from->alternative_count; i++)
    copy_candidate(to, from->alternatives[i].text, from->alternatives[i].confidence);
}

scrawl_status scrawl_read_glyph(scrawl_context *context, const scrawl_model *model,
                                const uint8_t *pixels, int width, int height, size_t stride,
                                scrawl_glyph *glyph) {
  if (glyph) *glyph = (scrawl_glyph){.rejected = true};
  if (!context) return SCRAWL_INVALID_ARGUMENT;
  base_error *error = &context->error;
  if (!glyph || !pixels || width < 1 || height < 1 || stride < (size_t)width)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "a picture of %d x %d pixels with rows %zu bytes apart, or a missing pointer",
                     width, height, stride);
  if ((uint64_t)width * (uint64_t)height > MAX_PIXELS)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "a picture of %d x %d pixels; the limit is %llu pixels", width, height,
                     (unsigned long long)MAX_PIXELS);
  read_reader *reader;
  ink_image image;
  read_glyph found;
  BASE_TRY(read_context_reader(context, model, &reader));
  BASE_TRY(ink_from_grey(pixels, width, height, stride, NULL, &image, error));
  base_arena_reset(&context->arena);
  scrawl_status status = read_single_glyph(reader, &image, &context->arena, &found, error);
  if (status == SCRAWL_OK) copy_glyph(&found, glyph);
  base_free(image.pixels);
  return status;
}

scrawl_status scrawl_check_gradients(scrawl_context *context, const char *architecture,
                                     uint64_t seed, double *worst) {
  static const nn_shape input = {INK_GLYPH_SIDE, INK_GLYPH_SIDE, 1};
  static const int batch = 4; /* more than one picture, for batch statistics */
  if (worst) *worst = 0;
  if (!context) return SCRAWL_INVALID_ARGUMENT;
  if (!architecture || !worst)
    return base_fail(&context->error, SCRAWL_INVALID_ARGUMENT, "no architecture, or no result");
  nn_graph *graph;
  BASE_TRY(nn_spec_parse(architecture, input, &graph, &context->error));
  scrawl_status status =
      nn_check_gradients(graph, batch, seed, nn_kernels_best(), worst, &context->error);
  nn_graph_free(graph);
  return status;
}
