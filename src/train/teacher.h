/* A teacher: a trained model whose probabilities a network learns beside the labels (Hinton,
 * Vinyals, Dean 2015, "Distilling the knowledge in a neural network"). It sees each picture just as
 * the student does, augmented (Beyer et al. 2022, "Knowledge distillation: a good teacher is
 * patient and consistent"). */
#ifndef TRAIN_TEACHER_H
#define TRAIN_TEACHER_H

#include "data/set.h"
#include "read/model.h"
#include "train/batch.h"
#include "train/recipe.h"

typedef struct train_teacher train_teacher;

/* For batches of at most recipe->trainer.batch pictures of `set`. `model` and `pool` are borrowed.
 * INVALID_ARGUMENT when the model's signs or the size of its pictures are not those of the set. */
scrawl_status train_teacher_create(const read_model *model, const train_recipe *recipe,
                                   const data_set *set, base_pool *pool, train_teacher **teacher,
                                   base_error *error);
void train_teacher_free(train_teacher *teacher);
/* Probabilities at recipe->trainer.teacher_temperature: batch->count x set->classes, good until
 * the next call. */
const float *train_teacher_say(train_teacher *teacher, const train_batch *batch);

#endif
