/* Batches: shuffled by Fisher and Yates, augmented picture by picture on the pool. */
#include "train/batch.h"

#include "base/memory.h"

enum { AUGMENT_SCRATCH = 5 }; /* the source and ink_augment's four, in pictures */

scrawl_status train_batches_create(const data_set *set, const ink_augmentation *augmentation,
                                   double scale, base_random random, base_pool *pool,
                                   train_batches *batches, base_error *error) {
  *batches = (train_batches){.set = set, .pool = pool, .scale = (float)scale};
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
  if (set->count > UINT32_MAX)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "more than %u pictures", UINT32_MAX);
  for (int level = 0; level < 256; level++)
    batches->levels[level] =
        (float)(level * (batches->augmented ? 1.0 : (double)batches->scale) / 255.0);
  size_t pixels = (size_t)set->width * (size_t)set->height;
  batches->order = base_alloc(set->count, sizeof *batches->order);
  if (batches->augmented)
    batches->scratch =
        base_alloc(base_pool_threads(pool) * AUGMENT_SCRATCH * pixels, sizeof(float));
  if (!batches->order || (batches->augmented && !batches->scratch)) {
    train_batches_free(batches);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the batches");
  }
  return SCRAWL_OK;
}

void train_batches_free(train_batches *batches) {
  base_free(batches->order);
  base_free(batches->scratch);
  batches->order = NULL;
  batches->scratch = NULL;
}

void train_batches_shuffle(train_batches *batches, size_t epoch) {
  batches->epoch = epoch;
  for (size_t i = 0; i < batches->set->count; i++) batches->order[i] = (uint32_t)i;
  base_random random = base_random_split(&batches->order_random, epoch);
  base_random_shuffle(&random, batches->order, batches->set->count);
}

typedef struct fill_job {
  train_batches *batches;
  size_t first;
  float *input;
} fill_job;

static void augment_picture(void *argument, size_t index, size_t worker) {
  const fill_job *job = argument;
  train_batches *batches = job->batches;
  int side = batches->set->width;
  size_t pixels = (size_t)side * (size_t)side, picture = batches->order[job->first + index];
  float *source = batches->scratch + worker * AUGMENT_SCRATCH * pixels;
  float *out = job->input + index * pixels;
  const uint8_t *from = batches->set->pixels + picture * pixels;
  for (size_t i = 0; i < pixels; i++) source[i] = batches->levels[from[i]];
  base_random random = base_random_split(&batches->ink_random, batches->epoch);
  ink_augment(&batches->augmentation, base_random_split(&random, picture), side, source, out,
              source + pixels);
  if (batches->scale != 1)
    for (size_t i = 0; i < pixels; i++) out[i] *= batches->scale;
}

void train_batches_fill(train_batches *batches, size_t first, int count, float *input,
                        uint16_t *labels) {
  const data_set *set = batches->set;
  size_t pixels = (size_t)set->width * (size_t)set->height;
  for (int i = 0; i < count; i++) labels[i] = set->labels[batches->order[first + (size_t)i]];
  if (batches->augmented) {
    fill_job job = {batches, first, input};
    base_pool_run(batches->pool, (size_t)count, augment_picture, &job);
    return;
  }
  for (size_t i = 0; i < (size_t)count; i++) {
    const uint8_t *from = set->pixels + batches->order[first + i] * pixels;
    for (size_t p = 0; p < pixels; p++) input[i * pixels + p] = batches->levels[from[p]];
  }
}
