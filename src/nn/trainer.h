/* Training a network: one step = forward, softmax cross-entropy, backward, optimiser.
 *
 * The batch is cut into fixed shards that depend on its size alone. Shards run on the pool; their
 * gradients and batch statistics are summed in shard order. The same seed and data therefore give
 * the same bits with any number of threads. Memory for a step is planned once into one arena: no
 * allocation inside a step. */
#ifndef NN_TRAINER_H
#define NN_TRAINER_H

#include "base/pool.h"
#include "nn/graph.h"

typedef enum nn_optimiser { NN_SGD, NN_ADAM, NN_ADAMW } nn_optimiser;

typedef struct nn_trainer_options {
  int batch; /* the largest batch */
  nn_optimiser optimiser;
  double momentum;              /* SGD */
  bool nesterov;                /* SGD */
  double beta1, beta2, epsilon; /* Adam, AdamW */
  /* of the weights of convolutions and dense layers; not of biases and batch norms */
  double weight_decay;
  double label_smoothing; /* 0 .. <1 */
  /* Where steps are given what a teacher says (loss.h): its share of the loss, 0 .. 1, and the
   * temperature of its probabilities, then above 0. */
  double teacher_share, teacher_temperature;
  double average_decay; /* moving average of the weights, e.g. 0.999; 0: none */
  uint64_t seed;        /* for dropout */
} nn_trainer_options;

/* SGD 0.9 / Adam 0.9, 0.999, 1e-8; batch 32; a teacher's share and temperature 1; everything else
 * off. */
nn_trainer_options nn_trainer_defaults(nn_optimiser optimiser);

typedef struct nn_trainer nn_trainer;

/* The graph must end in softmax (trained as one with the loss) or in logits, and outlive the
 * trainer, which changes its parameters and state in place. */
scrawl_status nn_trainer_create(nn_graph *graph, const nn_trainer_options *options, base_pool *pool,
                                const nn_kernels *kernels, nn_trainer **trainer, base_error *error);
void nn_trainer_free(nn_trainer *trainer);

/* One step on `count` <= batch pictures (count x h x w x c) with labels below the number of
 * outputs, and what a teacher says of each (count x outputs probabilities at
 * options.teacher_temperature; NULL: there is none); `rate` is this step's learning rate. `*loss`
 * gets the mean loss of the batch, `*correct` how many were right before the step. */
void nn_trainer_step(nn_trainer *trainer, const float *input, const uint16_t *labels,
                     const float *teacher, int count, double rate, double *loss, int *correct);
/* The gradient alone, without changing anything: parameter_count floats, and the input's gradient
 * (may be NULL). */
void nn_trainer_gradient(nn_trainer *trainer, const float *input, const uint16_t *labels,
                         const float *teacher, int count, double *loss, float *gradient,
                         float *input_gradient);

/* Writes the averaged weights into `parameters` and the averaged running statistics of batch norms
 * into `state` (the plain ones where no average is kept). */
void nn_trainer_average(const nn_trainer *trainer, float *parameters, float *state);

/* Everything that a resumed run needs beside the graph's own parameters and state. */
typedef struct nn_trainer_vector {
  const char *name; /* "momentum", "first-moment", "second-moment", "average", "average-state" */
  float *values;    /* owned by the trainer, may be written to resume */
  size_t count;
} nn_trainer_vector;
enum { NN_TRAINER_VECTORS = 4 }; /* at most */
size_t nn_trainer_vectors(const nn_trainer *trainer, nn_trainer_vector vectors[]);
uint64_t nn_trainer_steps(const nn_trainer *trainer);
void nn_trainer_set_steps(nn_trainer *trainer, uint64_t steps);

/* Learning-rate schedules: the rate of step `step` of `steps`. */
typedef enum nn_schedule_kind { NN_CONSTANT, NN_COSINE, NN_STEP, NN_ONE_CYCLE } nn_schedule_kind;
typedef struct nn_schedule {
  nn_schedule_kind kind;
  double rate;       /* the highest */
  double final_rate; /* cosine, one-cycle: at the end */
  double warm_up; /* share of the steps spent rising linearly from 0 (one-cycle: from rate / 25) */
  double step_share, step_factor; /* step: after each share of the steps, times the factor */
} nn_schedule;
double nn_schedule_rate(const nn_schedule *schedule, uint64_t step, uint64_t steps);

/* Largest relative difference between the trainer's gradients and central differences in double
 * precision of the operators' double twins, over parameters and inputs (all of them in a small
 * network; in a large one a random sample of each tensor, as many as some seconds allow), with
 * random weights, inputs and labels from `seed`. Public as scrawl_check_gradients(). */
scrawl_status nn_check_gradients(const nn_graph *graph, int batch, uint64_t seed,
                                 const nn_kernels *kernels, double *worst, base_error *error);

#endif
