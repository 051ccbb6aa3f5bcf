/* A model ready to read with: the network of an ONNX file and what its metadata says about it.
 * Immutable once open, so that threads can share it; each thread makes its own reader. */
#ifndef READ_MODEL_H
#define READ_MODEL_H

#include "nn/onnx.h"
#include "nn/session.h"
#include "read/result.h"

/* Metadata keys in the ONNX file. Values are text. */
#define READ_KEY_NAME     "name"
#define READ_KEY_VERSION  "version"
#define READ_KEY_ALPHABET "alphabet" /* one UTF-8 sign per class, in class order */
/* Ink level 255 becomes this; 1 unless given ("255": raw pixels). */
#define READ_KEY_SCALE "input-scale"
/* Logits are divided by it (Guo et al. 2017); 1 unless given. */
#define READ_KEY_TEMPERATURE "temperature"
/* A confidence under this is a rejection; 0 unless given. */
#define READ_KEY_REJECT "reject-below"
/* The confidences that held error rates on validation pictures: "0.01:0.48 0.001:0.97", rates
 * falling, confidences not. */
#define READ_KEY_THRESHOLDS "error-thresholds"
enum { READ_MAX_THRESHOLDS = 32 };
/* How often "no glyph" is to be expected, for which the probabilities are right: 0.3 unless given.
 */
#define READ_KEY_NONE_SHARE "none-share"

/* The sign of the class "no glyph": scribbles, fragments, letters to a model of digits. A model may
 * have one such class or none. It is never read: where it is the most probable, the glyph is
 * rejected. */
#define READ_NO_GLYPH "\u2205"

/* The alphabet of ten classes unless given, and what `--as digit` reads. */
#define READ_DIGITS "0123456789"

/* Of the readings that are at least this confident at most this share was wrong. */
typedef struct read_threshold {
  double max_error, confidence;
} read_threshold;

struct scrawl_model {
  nn_graph *graph;
  nn_metadata metadata;
  const char *name, *version; /* "" unless given */
  char (*alphabet)[SCRAWL_MAX_SIGN_BYTES];
  int classes;
  int none; /* the class of READ_NO_GLYPH; -1: there is none */
  float scale, temperature, reject_below;
  float none_share; /* the share of "no glyph" that its probability takes for granted */
  read_threshold thresholds[READ_MAX_THRESHOLDS]; /* rates falling */
  int threshold_count;
  /* No other model of this process has it: caches compare it, because addresses are used again. */
  uint64_t serial;
};
typedef struct scrawl_model read_model;

/* BAD_FORMAT, UNSUPPORTED, LIMIT_EXCEEDED, OUT_OF_MEMORY. Without an alphabet ten classes are the
 * digits. */
scrawl_status read_model_open(const void *bytes, size_t size, read_model **model,
                              base_error *error);
/* From inside the binary, by name. */
scrawl_status read_model_open_builtin(const char *name, read_model **model, base_error *error);
void read_model_free(read_model *model);

/* The confidence under which readings must be rejected so that at most the share `max_error` of the
 * others is wrong: that of the nearest rate in the model's table that is not larger.
 * INVALID_ARGUMENT when there is none, or `max_error` is no share. */
scrawl_status read_model_threshold(const read_model *model, double max_error, double *confidence,
                                   base_error *error);

/* The files compiled in (models, *.onnx), ended by a row of NULLs. */
typedef struct read_builtin {
  const char *name;
  const uint8_t *bytes;
  size_t size;
} read_builtin;
extern const read_builtin READ_BUILTINS[];
/* NOT_FOUND names the models there are. */
scrawl_status read_builtin_find(const char *name, const uint8_t **bytes, size_t *size,
                                base_error *error);

typedef struct read_reader read_reader;

scrawl_status read_reader_create(const read_model *model, int max_batch, base_pool *pool,
                                 read_reader **reader, base_error *error);
void read_reader_free(read_reader *reader);
const read_model *read_reader_model(const read_reader *reader);
/* Only these signs (UTF-8, one after the other; NULL: all that the model knows) can be read from
 * now on: the probabilities of the others become 0, and the rest is made to sum to 1 again. "No
 * glyph" stays possible. With `all` INVALID_ARGUMENT names the first sign that the model does not
 * know; without, it needs to know one of them. After a failure everything is as before. */
scrawl_status read_reader_allow(read_reader *reader, const char *alphabet, bool all,
                                base_error *error);
/* Confidences under this are rejections from now on; the model's own threshold at first. */
void read_reader_set_reject_below(read_reader *reader, double confidence);
double read_reader_reject_below(const read_reader *reader);
/* `glyphs`: count x 784 ink levels; `probabilities`: count x classes, calibrated; that of "no
 * glyph" is in column model->none. */
void read_glyph_probabilities(read_reader *reader, const uint8_t *glyphs, int count,
                              float *probabilities);
/* The same for floats 0..1 (noise, augmentation). */
void read_glyph_probabilities_float(read_reader *reader, const float *glyphs, int count,
                                    float *probabilities);
/* What a row of these probabilities says about a glyph: text, confidence, alternatives (signs
 * alone, best first), and whether it is rejected: when "no glyph" is as probable as the best sign,
 * or that one's confidence is under `reject_below`. The box stays as it is; `arena` holds the
 * texts. OUT_OF_MEMORY. */
scrawl_status read_glyph_of_row(const read_reader *reader, const float *row, double reject_below,
                                base_arena *arena, read_glyph *glyph, base_error *error);
/* The most probable sign of a row that may be read, "no glyph" apart: its class. */
int read_best_sign(const read_reader *reader, const float *row);
/* P(no glyph) of a row; 0 for a model without that class. */
double read_no_glyph(const read_reader *reader, const float *row);
/* How sure the reader is of the best sign of one normalised glyph (784 ink levels). */
double read_best_confidence(read_reader *reader, const uint8_t *glyph);
/* Finds the ink, normalises, classifies; `arena` holds the texts. A blank picture gives a rejected
 * glyph without alternatives. `image` is ink (255 = ink). */
scrawl_status read_single_glyph(read_reader *reader, const ink_image *image, base_arena *arena,
                                read_glyph *glyph, base_error *error);

#endif
