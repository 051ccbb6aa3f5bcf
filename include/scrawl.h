/* Scrawl: handwriting recognition. The whole public interface.
 *
 * Every function that can fail returns a scrawl_status; the context it was given keeps one sentence
 * that says what was wrong with what. Outputs are set to NULL first, every `x_free(NULL)` is fine,
 * and nothing here calls exit(), abort() or prints. A context belongs to one thread at a time; a
 * model is immutable once open and may be shared by any number of contexts.
 *
 * The simple way, a picture file's bytes in and JSON out:
 *
 *     scrawl_context *context = scrawl_context_create();
 *     char *json;
 *     if (scrawl_read_picture(context, NULL, bytes, size, &json) == SCRAWL_OK) puts(json);
 *     else fputs(scrawl_context_error(context), stderr);
 *     scrawl_string_free(json);
 *     scrawl_context_free(context);
 */
#ifndef SCRAWL_H
#define SCRAWL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, value (part of the ABI: never renumber), general message */
#define SCRAWL_STATUS_TABLE(X)                                                                     \
  X(OK, 0, "no error")                                                                             \
  X(OUT_OF_MEMORY, 1, "not enough memory")                                                         \
  X(INVALID_ARGUMENT, 2, "an argument is not valid")                                               \
  X(NOT_FOUND, 3, "not found")                                                                     \
  X(READ_FAILED, 4, "could not be read")                                                           \
  X(WRITE_FAILED, 5, "could not be written")                                                       \
  X(BAD_FORMAT, 6, "damaged, or not in the expected format")                                       \
  X(UNSUPPORTED, 7, "valid, but not supported here")                                               \
  X(LIMIT_EXCEEDED, 8, "larger than a limit allows")                                               \
  X(NETWORK_FAILED, 9, "the network transfer failed")                                              \
  X(CANCELLED, 10, "stopped on request")                                                           \
  X(INTERNAL, 11, "a fault inside Scrawl; please report it")

typedef enum scrawl_status {
#define SCRAWL_STATUS_ENUM(name, value, message) SCRAWL_##name = (value),
  SCRAWL_STATUS_TABLE(SCRAWL_STATUS_ENUM)
#undef SCRAWL_STATUS_ENUM
} scrawl_status;

/* "SCRAWL_NOT_FOUND" and its general message; both are "unknown status" for a value not in the
 * table. */
const char *scrawl_status_name(scrawl_status status);
const char *scrawl_status_message(scrawl_status status);

/* "0.1.0" */
const char *scrawl_version(void);

/* ---- context ---- */

typedef struct scrawl_context scrawl_context;

/* NULL only when memory is exhausted. */
scrawl_context *scrawl_context_create(void);
void scrawl_context_free(scrawl_context *context);
/* What went wrong in the last failed call with this context; "" before the first. Owned by the
 * context. */
const char *scrawl_context_error(const scrawl_context *context);

/* ---- models ---- */

typedef struct scrawl_model scrawl_model;

/* The ONNX file's bytes (copied; hostile input is refused with BAD_FORMAT, UNSUPPORTED or
 * LIMIT_EXCEEDED). */
scrawl_status scrawl_model_open_memory(scrawl_context *context, const void *bytes, size_t size,
                                       scrawl_model **model);
/* A model that ships inside the library, "digits" for one. NOT_FOUND when there is none of that
 * name. */
scrawl_status scrawl_model_open(scrawl_context *context, const char *name, scrawl_model **model);
void scrawl_model_free(scrawl_model *model);

/* ---- reading ---- */

enum { SCRAWL_MAX_ALTERNATIVES = 10, SCRAWL_MAX_SIGN_BYTES = 8 };

typedef struct scrawl_candidate {
  char text[SCRAWL_MAX_SIGN_BYTES]; /* UTF-8, terminated */
  double confidence;                /* calibrated probability, 0..1 */
} scrawl_candidate;

typedef struct scrawl_glyph {
  bool rejected;          /* blank, or no glyph: candidates are then only a hint */
  int box[4];             /* x, y, width, height in pixels of the input picture */
  size_t candidate_count; /* best first; with that of "no glyph" the whole alphabet sums to 1 */
  scrawl_candidate candidates[SCRAWL_MAX_ALTERNATIVES];
} scrawl_glyph;

/* Reads one glyph from grey pixels (0 black .. 255 white, rows `stride` bytes apart, dark ink on
 * light paper or the reverse, anywhere in the picture). `model` NULL means "digits". Needs no file,
 * network or library. */
scrawl_status scrawl_read_glyph(scrawl_context *context, const scrawl_model *model,
                                const uint8_t *pixels, int width, int height, size_t stride,
                                scrawl_glyph *glyph);

/* Reads any picture file from memory (PNG, JPEG, TIFF, WebP, GIF, BMP, PNM ...) into the JSON
 * result described in the guide, UTF-8 and terminated; free it with scrawl_string_free. `model`
 * NULL means "digits". */
scrawl_status scrawl_read_picture(scrawl_context *context, const scrawl_model *model,
                                  const void *bytes, size_t size, char **json);
void scrawl_string_free(char *string);

/* ---- debugging ---- */

/* Compares the analytic gradients of a network (architecture as text, see the guide) with central
 * differences in double precision, on random weights and inputs from `seed`, over parameters and
 * inputs alike. `*worst` gets the largest relative error; a sound network stays under 1e-3. */
scrawl_status scrawl_check_gradients(scrawl_context *context, const char *architecture,
                                     uint64_t seed, double *worst);

#ifdef __cplusplus
}
#endif

#endif
