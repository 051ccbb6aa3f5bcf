/* Data sets in memory: glyph pictures of one size with class labels.
 *
 * A known name is looked up as known.h says; otherwise a path: "IMAGES,LABELS" (a pair of IDX
 * files, plain or gzip), or a folder with manifest.tsv, whose pictures go through the reading
 * pipeline (page_open_folder does that: this floor only lists them). "mnist+emnist-digits" is both
 * in one, as join.h says. */
#ifndef DATA_SET_H
#define DATA_SET_H

#include "base/error.h"
#include "base/random.h"
#include "data/known.h"

typedef struct data_set {
  char *name;        /* "mnist test" */
  size_t count;      /* at least 1 */
  int height, width; /* of each picture */
  int classes;
  char *alphabet;   /* UTF-8, one sign per class, in class order */
  uint8_t *pixels;  /* count x height x width, 255 = ink, upright */
  uint16_t *labels; /* count */
  /* Who wrote each, from 1, or 0 where nobody knows; NULL: nobody knows any. */
  uint32_t *writers;
  char *merged;  /* signs whose class holds both cases of the letter; NULL: none */
  char *remarks; /* what was left out and why, a line for each; NULL: nothing */
} data_set;

/* What the classes of a pair of IDX files are taken to mean: 0-9, A-Z, a-z, the order EMNIST's
 * largest set uses. */
extern const char DATA_PAIR_ALPHABET[];

/* Fails with a sentence that names the file, and for a known name that is missing, how to get
 * it. A pair of IDX files says nothing of its signs or its part: `part` is not looked at, and
 * its classes are 0-9, then A-Z, then a-z as far as its labels go. A folder is INVALID_ARGUMENT
 * here. */
scrawl_status data_set_open(const char *name_or_path, data_part part, data_set *set,
                            base_error *error);
void data_set_free(data_set *set);
/* Adds a line to the set's remarks. OUT_OF_MEMORY. */
scrawl_status data_set_remark(data_set *set, base_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The sign of a class, terminated; "" for a class the alphabet does not reach. */
void data_set_sign(const data_set *set, int class, char sign[SCRAWL_MAX_SIGN_BYTES]);
/* True if `path` is a folder holding manifest.tsv. */
bool data_is_folder(const char *path);
/* The same, or if it is a pair of files that are there. */
bool data_path_exists(const char *path);

/* Cuts off a share (0..1, both ends excluded) of the set for validation, drawn with `seed`:
 * stratified by class (each gives up the nearest whole number to its share, but never all) where
 * writers are not known, and by whole writers where they are, so that nobody is on both sides.
 * `indices` (set->count of them) gets the pictures that stay, `*first_count` of them, and then
 * those cut off, both in the old order. INVALID_ARGUMENT when the share is so small or large that
 * one of them would be empty; `indices` is then scribbled on. */
scrawl_status data_set_split(const data_set *set, double share, uint64_t seed, uint32_t *indices,
                             size_t *first_count, base_error *error);
/* Copies these pictures into a set of their own, called "SET, what". */
scrawl_status data_set_take(const data_set *set, const char *what, const uint32_t *indices,
                            size_t count, data_set *part, base_error *error);

/* A folder's manifest: paths relative to the folder already joined with it. */
typedef struct data_manifest_item {
  char *path, *label;
} data_manifest_item;
typedef struct data_manifest {
  data_manifest_item *items;
  size_t count;
  char *text; /* what the labels point into */
} data_manifest;
/* `manifest.tsv` in `folder`: a line "path<TAB>label" for each picture, UTF-8, blank lines
 * skipped. Errors name the line. */
scrawl_status data_manifest_open(const char *folder, data_manifest *manifest, base_error *error);
void data_manifest_free(data_manifest *manifest);

#endif
