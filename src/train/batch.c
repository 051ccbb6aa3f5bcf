/* Batches: shuffled by Fisher and Yates, prepared picture by picture on the pool. */
#include "train/batch.h"

#include <string.h>

#include "base/memory.h"
#include "data/alphabet.h"
#include "read/model.h"

enum { AUGMENT_SCRATCH = 5 }; /* the source and ink_augment's four, in pictures */

static scrawl_status allocate(train_batches *batches, size_t batch, base_error *error) {
  const data_set *set = batches->set;
  size_t pixels = (size_t)set->width * (size_t)set->height;
  batches->order = base_alloc(batches->count, sizeof *batches->order);
  bool enough = batches->order != NULL;
  if (batches->augmented) {
    size_t pictures = base_pool_threads(batches->pool) * AUGMENT_SCRATCH;
    batches->scratch = base_alloc(pictures * pixels, sizeof(float));
    enough &= batches->scratch != NULL;
  }
  for (int i = 0; i < 2; i++) {
    train_batch *slot = &batches->slots[i];
    slot->input = base_alloc(batch * pixels, sizeof *slot->input);
    slot->labels = base_alloc(batch, sizeof *slot->labels);
    enough &= slot->input && slot->labels;
  }
  if (enough) return SCRAWL_OK;
  train_batches_free(batches);
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the batches");
}

scrawl_status train_batches_create(const data_set *set, const uint32_t *pictures, size_t count,
                                   int batch, const ink_augmentation *augmentation, double scale,
                                   base_random random, base_pool *pool, train_batches *batches,
                                   base_error *error) {
  *batches = (train_batches){
      .set = set, .pictures = pictures, .count = count, .pool = pool, .scale = (float)scale};
  batches->no_glyph = data_alphabet_find(set->alphabet, READ_NO_GLYPH);
  batches->order_random = base_random_split(&random, 0);
  batches->ink_random = base_random_split(&random, 1);
  if (augmentation) {
    batches->augmentation = *augmentation;
    batches->augmented = true;
    if (set->width != set->height)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "pictures of %d x %d cannot be augmented: they are not square", set->width,
                       set->height);
  }
  for (int level = 0; level < 256; level++)
    batches->levels[level] =
        (float)(level * (batches->augmented ? 1.0 : (double)batches->scale) / 255.0);
  return allocate(batches, (size_t)batch, error);
}

void train_batches_free(train_batches *batches) {
  base_pool_finish(batches->pool);
  base_free(batches->order);
  base_free(batches->scratch);
  for (int i = 0; i < 2; i++) {
    base_free(batches->slots[i].input);
    base_free(batches->slots[i].labels);
  }
  *batches = (train_batches){0};
}

void train_batches_shuffle(train_batches *batches, size_t epoch) {
  batches->epoch = epoch;
  memcpy(batches->order, batches->pictures, batches->count * sizeof *batches->order);
  base_random random = base_random_split(&batches->order_random, epoch);
  base_random_shuffle(&random, batches->order, batches->count);
}

/* Any picture that is trained on. */
static const uint8_t *draw_picture(const train_batches *batches, base_random *random, int *label) {
  uint32_t drawn = batches->pictures[base_random_below(random, batches->count)];
  size_t pixels = (size_t)batches->set->width * (size_t)batches->set->height;
  *label = batches->set->labels[drawn];
  return batches->set->pixels + drawn * pixels;
}

/* Two glyphs instead of a picture of none; `pair` where that was done, else `from`. */
static const uint8_t *replace(const train_batches *batches, size_t picture, base_random *random,
                              const uint8_t *from, uint8_t pair[INK_GLYPH_PIXELS]) {
  if (batches->set->labels[picture] != batches->no_glyph ||
      base_random_unit(random) >= batches->augmentation.pair)
    return from;
  int labels[2];
  const uint8_t *left = draw_picture(batches, random, &labels[0]);
  const uint8_t *right = draw_picture(batches, random, &labels[1]);
  bool glyphs = labels[0] != batches->no_glyph && labels[1] != batches->no_glyph;
  return glyphs && ink_pair(left, right, *random, pair) ? pair : from;
}

static void augment(const train_batches *batches, size_t picture, const uint8_t *from,
                    float *scratch, float *out) {
  int side = batches->set->width;
  size_t pixels = (size_t)side * (size_t)side;
  base_random epoch = base_random_split(&batches->ink_random, batches->epoch);
  base_random random = base_random_split(&epoch, picture);
  uint8_t pair[INK_GLYPH_PIXELS];
  if (batches->augmentation.pair > 0 && pixels == INK_GLYPH_PIXELS) {
    base_random other = base_random_split(&random, UINT64_MAX - 1);
    from = replace(batches, picture, &other, from, pair);
  }
  for (size_t i = 0; i < pixels; i++) scratch[i] = batches->levels[from[i]];
  const uint8_t *neighbour = NULL;
  if (batches->augmentation.neighbour > 0) {
    base_random other = base_random_split(&random, UINT64_MAX); /* ink_augment's are small */
    int label;
    neighbour = draw_picture(batches, &other, &label);
  }
  ink_augment(&batches->augmentation, random, side, scratch, neighbour, out, scratch + pixels);
  if (batches->scale != 1)
    for (size_t i = 0; i < pixels; i++) out[i] *= batches->scale;
}

static void prepare(void *argument, size_t index, size_t worker) {
  train_batches *batches = argument;
  const data_set *set = batches->set;
  train_batch *slot = &batches->slots[batches->preparing];
  size_t pixels = (size_t)set->width * (size_t)set->height;
  size_t picture = batches->order[batches->preparing_from + index];
  const uint8_t *from = set->pixels + picture * pixels;
  float *out = slot->input + index * pixels;
  slot->labels[index] = set->labels[picture];
  if (batches->augmented)
    augment(batches, picture, from, batches->scratch + worker * AUGMENT_SCRATCH * pixels, out);
  else
    for (size_t i = 0; i < pixels; i++) out[i] = batches->levels[from[i]];
}

void train_batches_start(train_batches *batches, size_t first, int count) {
  batches->preparing = 1 - batches->preparing;
  batches->preparing_from = first;
  batches->slots[batches->preparing].count = count;
  base_pool_offer(batches->pool, (size_t)count, prepare, batches);
}

const train_batch *train_batches_take(train_batches *batches) {
  base_pool_finish(batches->pool);
  return &batches->slots[batches->preparing];
}
