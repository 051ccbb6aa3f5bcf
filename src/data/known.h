/* The data sets Scrawl knows by name: what they are, and under which names their files are
 * looked for.
 *
 * The files of a set are looked for in three folders, in this order: $SCRAWL_DATA/NAME,
 * $SCRAWL_DATA/FOLDER (EMNIST's sets come in one folder) and $SCRAWL_DATA itself; each file
 * plain or as .gz. $SCRAWL_DATA defaults to $XDG_DATA_HOME/scrawl, and that to
 * ~/.local/share/scrawl. */
#ifndef DATA_KNOWN_H
#define DATA_KNOWN_H

#include "base/error.h"

typedef enum data_part { DATA_TRAIN, DATA_TEST } data_part;
enum { DATA_PARTS = 2, DATA_MAX_STEMS = 3 };

/* A file as its publisher made it. */
typedef struct data_remote_file {
  const char *name;
  uint64_t size;
  const char *sha256; /* in hexadecimal, small letters */
} data_remote_file;

typedef struct data_known {
  const char *name, *summary, *licence;
  const char *home;     /* where to get it */
  const char *alphabet; /* one sign for each class, in class order */
  const char *merged;   /* those whose class holds both cases of the letter; NULL: none */
  const char *folder;
  /* By part: beginnings of file names, the whole set before a part of it; "-images-idx3-ubyte"
   * and "-labels-idx1-ubyte" follow. */
  const char *stems[DATA_PARTS][DATA_MAX_STEMS + 1];
  int first_label; /* what stands for class 0 in the label file */
  /* Addresses that hold `files`, ended by NULL; NULL: none may be fetched for the user. */
  const char *const *mirrors;
  const data_remote_file *files; /* ended by a row without a name */
  bool transposed;               /* stored column by column, as EMNIST is */
  bool unipen;                   /* no IDX files, but UNIPEN's (data/unipen.h): it has no stems */
} data_known;

extern const data_known DATA_KNOWN[]; /* ended by a row without a name */

/* NULL when there is none of that name. */
const data_known *data_known_get(const char *name);
/* "train" or "test". */
const char *data_part_name(data_part part);

/* $SCRAWL_DATA or its default; base_free it. NOT_FOUND when no variable says where, not even
 * HOME. */
scrawl_status data_home(char **folder, base_error *error);

/* The paths of a part's two files; base_free both. NOT_FOUND says what was looked for, where,
 * and how to get it; BAD_FORMAT that pictures are there without their labels. */
scrawl_status data_known_find(const data_known *known, data_part part, char **images, char **labels,
                              base_error *error);

#endif
