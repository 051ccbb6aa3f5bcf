/* Batches: the order of the pictures in an epoch, and each picture as the network gets it.
 *
 * A batch is prepared while a step trains on the one before: train_batches_start() offers its
 * pictures to the pool, whose threads take them when they have nothing else to do, and
 * train_batches_take() does what is left.
 *
 * Everything random hangs on the seed, the epoch and the picture's index alone: a resumed run and a
 * run on other threads get the same batches. */
#ifndef TRAIN_BATCH_H
#define TRAIN_BATCH_H

#include "base/pool.h"
#include "data/set.h"
#include "ink/ink.h"

typedef struct train_batch {
  int count;
  float *input; /* count x height x width */
  uint16_t *labels;
} train_batch;

typedef struct train_batches {
  const data_set *set;      /* borrowed */
  int no_glyph;             /* the class of the set for it; -1: there is none */
  const uint32_t *pictures; /* of the set, that there are batches of; borrowed */
  size_t count;
  base_pool *pool; /* borrowed; may be NULL */
  ink_augmentation augmentation;
  bool augmented;
  size_t epoch;
  uint32_t *order;          /* of this epoch */
  base_random order_random; /* split by epoch */
  base_random ink_random;   /* split by epoch, then by picture */
  float levels[256];        /* an ink level as the network gets it; 0..1 while augmenting */
  float scale;
  float *scratch;        /* 5 pictures for each worker */
  train_batch slots[2];  /* the one taken and the one being prepared */
  int preparing;         /* which slot that is */
  size_t preparing_from; /* its first picture in the order */
} train_batches;

/* Batches of at most `batch` of the `count` pictures, full ink made `scale`. `augmentation` NULL:
 * none. INVALID_ARGUMENT for augmentation of pictures that are not square. */
scrawl_status train_batches_create(const data_set *set, const uint32_t *pictures, size_t count,
                                   int batch, const ink_augmentation *augmentation, double scale,
                                   base_random random, base_pool *pool, train_batches *batches,
                                   base_error *error);
/* Waits for what is being prepared. */
void train_batches_free(train_batches *batches);
/* Draws the order of epoch `epoch`, whatever was drawn before; not while a batch is being
 * prepared. */
void train_batches_shuffle(train_batches *batches, size_t epoch);
/* Begins to prepare pictures first .. first + count - 1 of this epoch's order. */
void train_batches_start(train_batches *batches, size_t first, int count);
/* The batch last started, ready; until the next is taken. */
const train_batch *train_batches_take(train_batches *batches);

#endif
