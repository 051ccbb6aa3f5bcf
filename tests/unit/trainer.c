/* Training steps: against PyTorch's numbers and means worked out here, refusals, schedules. */
#include "network.h"

#include <math.h>

#include "nn/loss.h"
#include "nn/session.h"

static void assert_near(const float *values, const float *expected, size_t count,
                        double tolerance) {
  for (size_t i = 0; i < count; i++)
    if (!(fabs((double)values[i] - (double)expected[i]) <= tolerance))
      fail_msg("number %zu is %.7g, expected %.7g", i, (double)values[i], (double)expected[i]);
}

/* ---- known numbers ---- */

/* All made with PyTorch 1.13: x = [[.5,-1,2],[1.5,.25,-.75]], y = [0,1], x @ W + b,
 * cross_entropy(label_smoothing), three steps with the rates 0.1, 0.05, 0.02, the bias in a
 * parameter group without weight decay. */
static void test_optimisers_match_pytorch(void **state) {
  (void)state;
  const float input[6] = {0.5f, -1, 2, 1.5f, 0.25f, -0.75f};
  const float start[8] = {0.1f, -0.2f, 0.3f, 0.4f, -0.5f, 0.6f, 0.05f, -0.05f};
  const uint16_t labels[2] = {0, 1};
  const double rates[3] = {0.1, 0.05, 0.02};
  const struct {
    nn_trainer_options options;
    double losses[3];
    float expected[8];
  } cases[] = {
      {{.optimiser = NN_SGD},
       {1.7882721, 1.4465771, 1.3003945},
       {0.03721971f, -0.1372197f, 0.2133479f, 0.4866521f, -0.3103717f, 0.4103717f, 0.05503185f,
        -0.05503185f}},
      {{.optimiser = NN_SGD, .momentum = 0.9, .weight_decay = 0.01},
       {1.7882721, 1.4453475, 1.1628222},
       {0.007549374f, -0.1073003f, 0.1719737f, 0.5262826f, -0.220221f, 0.3199719f, 0.05740492f,
        -0.05740492f}},
      {{.optimiser = NN_SGD,
        .momentum = 0.9,
        .nesterov = true,
        .weight_decay = 0.01,
        .label_smoothing = 0.1},
       {1.7082721, 1.1568036, 0.8742440},
       {-0.03329915f, -0.06630691f, 0.1184756f, 0.5787668f, -0.1030257f, 0.2026318f, 0.05875602f,
        -0.05875603f}},
      {{.optimiser = NN_ADAM, .beta1 = 0.9, .beta2 = 0.999, .weight_decay = 0.01},
       {1.7882721, 1.3875697, 1.2066822},
       {-0.06988671f, -0.03011296f, 0.1304515f, 0.5695398f, -0.3304252f, 0.4304246f, 0.2022874f,
        -0.2022874f}},
      {{.optimiser = NN_ADAMW,
        .beta1 = 0.8,
        .beta2 = 0.95,
        .epsilon = 1e-6,
        .weight_decay = 0.1,
        .label_smoothing = 0.2},
       {1.6282721, 1.2671601, 1.1092190},
       {-0.0706875f, -0.0276205f, 0.1265035f, 0.5616524f, -0.3230843f, 0.4213923f, 0.1991208f,
        -0.1991207f}},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    nn_graph *graph = make_network("dense 2, softmax", (nn_shape){1, 1, 3}, 1);
    memcpy(graph->parameters, start, sizeof start);
    nn_trainer_options options = cases[c].options;
    options.batch = 2;
    if (options.epsilon == 0) options.epsilon = 1e-8;
    nn_trainer *trainer = make_trainer(graph, &options, NULL);
    for (int step = 0; step < 3; step++) {
      double loss;
      int correct;
      nn_trainer_step(trainer, input, labels, NULL, 2, rates[step], &loss, &correct);
      if (!(fabs(loss - cases[c].losses[step]) < 2e-6))
        fail_msg("case %zu, step %d: loss %.8g", c, step, loss);
    }
    assert_near(graph->parameters, cases[c].expected, 8, 2e-6);
    nn_trainer_free(trainer);
    nn_graph_free(graph);
  }
}

/* PyTorch 1.13: BatchNorm1d(momentum=0.1) over channels, flattened pixel by pixel, a linear layer,
 * two steps of SGD at 0.5, then the logits in evaluation mode. */
static void test_batch_norm_matches_pytorch(void **state) {
  (void)state;
  const float input[12] = {0.5f, -1, 2, 1.5f, 0.25f, -0.75f, 1, 3, -2, 0.5f, 0.75f, -0.25f};
  const float start[14] = {1.5f, 0.5f,  0.1f, -0.2f, 0.1f,  -0.2f, 0.3f,
                           0.4f, -0.5f, 0.6f, 0.7f,  -0.8f, 0,     0};
  const float trained[14] = {1.330999f,   0.2992744f,  0.07331055f, -0.1639975f, 0.2731612f,
                             -0.3731611f, 0.2454052f,  0.4545949f,  -0.1620203f, 0.2620203f,
                             0.6277899f,  -0.7277899f, 0.02444046f, -0.02444048f};
  const float running[4] = {0.07916667f, 0.095f, 1.145667f, 1.25175f};
  const float logits[6] = {-0.1906025f, 0.03611511f, 0.194254f,
                           -0.4353168f, -0.9833619f, 1.311988f};
  const double losses[2] = {0.9765997, 0.7502823};
  const uint16_t labels[3] = {0, 1, 1};
  nn_graph *graph = make_network("batchnorm, dense 2", (nn_shape){1, 2, 2}, 1);
  memcpy(graph->parameters, start, sizeof start);
  nn_trainer_options options = {.batch = 3, .epsilon = 1e-8};
  nn_trainer *trainer = make_trainer(graph, &options, NULL);
  for (int step = 0; step < 2; step++) {
    double loss;
    int correct;
    nn_trainer_step(trainer, input, labels, NULL, 3, 0.5, &loss, &correct);
    assert_true(fabs(loss - losses[step]) < 2e-6);
  }
  assert_near(graph->parameters, trained, 14, 2e-6);
  assert_near(graph->state, running, 4, 1e-6);
  nn_session *session;
  assert_int_equal(nn_session_create(graph, 4, NULL, NULL, &session, NULL), SCRAWL_OK);
  float output[6];
  nn_session_run(session, input, 3, output);
  assert_near(output, logits, 6, 5e-6);
  nn_session_free(session);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
}

/* ---- shards ---- */

/* Without batch statistics the gradient of a batch is the mean of its pictures' gradients, however
 * it is cut. */
static void test_gradient_is_the_mean_over_pictures(void **state) {
  (void)state;
  const nn_shape shape = {8, 8, 2};
  nn_graph *graph = make_network("conv 4 3x3, relu, pool 2, dense 6", shape, 4);
  nn_trainer_options options = nn_trainer_defaults(NN_SGD);
  options.batch = 150;
  nn_trainer *trainer = make_trainer(graph, &options, NULL);
  size_t count = graph->parameter_count, floats = nn_shape_floats(shape);
  float *input = random_floats(150 * floats, 5);
  uint16_t labels[150];
  for (int p = 0; p < 150; p++) labels[p] = (uint16_t)(p * p % 6);
  float *gradient = base_alloc(count, sizeof(float));
  double *sum = base_alloc_zero(count, sizeof(double)), losses = 0;
  for (int p = 0; p < 150; p++) {
    double loss;
    nn_trainer_gradient(trainer, input + (size_t)p * floats, labels + p, NULL, 1, &loss, gradient,
                        NULL);
    for (size_t i = 0; i < count; i++) sum[i] += (double)gradient[i];
    losses += loss;
    const int n = p + 1;
    if (n != 2 && n != 7 && n != 33 && n != 64 && n != 129 && n != 150) continue;
    nn_trainer_gradient(trainer, input, labels, NULL, n, &loss, gradient, NULL);
    assert_true(fabs(loss - losses / n) < 1e-6);
    for (size_t i = 0; i < count; i++) assert_true(fabs((double)gradient[i] - sum[i] / n) < 1e-5);
  }
  base_free(input);
  base_free(gradient);
  base_free(sum);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
}

/* ---- refusals ---- */

static void assert_refused(const char *text, nn_shape input, nn_trainer_options options,
                           const char *sentence) {
  nn_graph *graph = make_network(text, input, 1);
  nn_trainer *trainer;
  base_error error = {0};
  assert_int_equal(nn_trainer_create(graph, &options, NULL, NULL, &trainer, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_null(trainer);
  if (!strstr(error.message, sentence)) fail_msg("`%s` lacks `%s`", error.message, sentence);
  nn_graph_free(graph);
}

static void test_refuses_what_cannot_be_trained(void **state) {
  (void)state;
  const nn_shape shape = {4, 4, 1};
  nn_trainer_options good = nn_trainer_defaults(NN_SGD), bad = good;
  assert_refused("conv 3 3x3", shape, good, "ends in 2x2 pixels");
  bad.batch = 0;
  assert_refused("dense 3", shape, bad, "batch 0");
  bad = good;
  bad.momentum = 1;
  assert_refused("dense 3", shape, bad, "momentum 1");
  bad = good;
  bad.label_smoothing = NAN;
  assert_refused("dense 3", shape, bad, "label smoothing");
  bad = good;
  bad.weight_decay = -1;
  assert_refused("dense 3", shape, bad, "weight decay -1");
}

/* ---- dropout, loss, average ---- */

/* y = dropout(x) seen through the identity: the input's gradient of sum z[0] is the mask,
 * scaled. */
static void test_dropout_masks(void **state) {
  (void)state;
  enum { SIDE = 40, FLOATS = SIDE * SIDE };
  nn_graph *graph = make_network("dropout 0.25, dense 2 nobias", (nn_shape){SIDE, SIDE, 1}, 1);
  for (size_t i = 0; i < FLOATS; i++) {
    graph->parameters[2 * i] = 1;
    graph->parameters[2 * i + 1] = 0;
  }
  nn_trainer_options options = nn_trainer_defaults(NN_SGD);
  options.batch = 2;
  options.seed = 11;
  nn_trainer *trainer = make_trainer(graph, &options, NULL);
  float input[2 * FLOATS] = {0}, *masks = base_alloc(2 * FLOATS, sizeof(float));
  float *again = base_alloc(2 * FLOATS, sizeof(float));
  float *gradient = base_alloc(graph->parameter_count, sizeof(float));
  const uint16_t labels[2] = {1, 1};
  double loss;
  nn_trainer_gradient(trainer, input, labels, NULL, 2, &loss, gradient, masks);
  size_t dropped = 0, differing = 0;
  /* Both logits are 0, so p = 1/2; the mean over two pictures halves it; the kept ones are scaled
   * by 4/3. */
  for (size_t i = 0; i < 2 * FLOATS; i++) {
    dropped += masks[i] == 0;
    assert_true(masks[i] == 0 || fabs((double)masks[i] - 0.25 * 4 / 3) < 1e-6);
    differing += i < FLOATS && masks[i] != masks[i + FLOATS];
  }
  /* 3200 draws at 0.25: deviation 24. Two independent masks differ with probability 3/8: 600,
   * deviation 19. */
  assert_in_range(dropped, 800 - 100, 800 + 100);
  assert_in_range(differing, 600 - 80, 600 + 80);
  nn_trainer_gradient(trainer, input, labels, NULL, 2, &loss, gradient, again);
  assert_memory_equal(masks, again, 2 * FLOATS * sizeof(float));
  nn_trainer_set_steps(trainer, 1);
  nn_trainer_gradient(trainer, input, labels, NULL, 2, &loss, gradient, again);
  assert_true(memcmp(masks, again, 2 * FLOATS * sizeof(float)) != 0);
  base_free(masks);
  base_free(again);
  base_free(gradient);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
}

static void test_counts_right_answers_and_ends_of_the_loss(void **state) {
  (void)state;
  nn_graph *graph = make_network("softmax", (nn_shape){1, 1, 3}, 1);
  nn_trainer_options options = nn_trainer_defaults(NN_SGD);
  nn_trainer *trainer = make_trainer(graph, &options, NULL);
  /* Equal logits: the first is taken. A sure and right answer, and a sure and wrong one, at the
   * ends of float. */
  const float input[9] = {1, 1, 1, 0, 200, 0, -3e38f, 0, 3e38f};
  const uint16_t labels[3] = {0, 1, 2};
  double loss;
  int correct;
  nn_trainer_step(trainer, input, labels, NULL, 1, 0.1, &loss, &correct);
  assert_true(fabs(loss - log(3)) < 1e-12 && correct == 1);
  nn_trainer_step(trainer, input + 3, labels + 1, NULL, 1, 0.1, &loss, &correct);
  assert_true(loss >= 0 && loss < 1e-80 && correct == 1);
  nn_trainer_step(trainer, input + 6, labels, NULL, 1, 0.1, &loss, &correct);
  assert_true(isfinite(loss) && loss > 5e38 && correct == 0);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
}

/* PyTorch 1.13 in double: 0.25 cross_entropy(z, label_smoothing=0.1) - 0.75 T^2 sum(q *
 * log_softmax(z / T)) with T = 2.5, and the gradient of half of it. */
static void test_loss_with_a_teacher_matches_pytorch(void **state) {
  (void)state;
  const float logits[8] = {1.5f, -0.25f, 0.75f, 2.0f, -3.0f, 0.5f, 0.25f, 0.125f};
  const float said[8] = {0.18219927f, 0.22253869f, 0.09999308f, 0.49526896f,
                         0.40200545f, 0.14788954f, 0.18063269f, 0.26947231f};
  const float slopes[8] = {0.0225483138f,  -0.0705643195f, 0.1218488202f, -0.0738328145f,
                           -0.3017420912f, 0.1070431864f,  0.1481516439f, 0.0465472609f};
  const double expected[2] = {6.533925765821161, 8.335466723491328};
  const uint16_t labels[2] = {0, 1};
  const nn_targets targets = {
      .labels = labels, .smoothing = 0.1f, .teacher = said, .share = 0.75f, .temperature = 2.5f};
  double losses[2];
  float gradient[8];
  bool right[2];
  nn_loss(2, 4, logits, &targets, 0.5, losses, right, gradient);
  for (int p = 0; p < 2; p++)
    if (!(fabs(losses[p] - expected[p]) < 1e-6)) fail_msg("loss %d is %.9g", p, losses[p]);
  assert_true(!right[0] && right[1]);
  assert_near(gradient, slopes, 8, 1e-7);
}

static void test_average_follows_the_weights(void **state) {
  (void)state;
  nn_graph *graph = make_network("dense 2", (nn_shape){1, 1, 3}, 1);
  nn_trainer_options options = nn_trainer_defaults(NN_SGD);
  options.average_decay = 0.3;
  nn_trainer *trainer = make_trainer(graph, &options, NULL);
  double expected[8];
  for (int i = 0; i < 8; i++) expected[i] = (double)graph->parameters[i];
  const float input[3] = {1, -2, 0.5f};
  const uint16_t label = 1;
  for (int step = 0; step < 5; step++) {
    double loss;
    int correct;
    nn_trainer_step(trainer, input, &label, NULL, 1, 0.3, &loss, &correct);
    /* 1/10, 2/11, 3/12 ... of itself while it is young, and at most 3/10. */
    double keep = fmin(0.3, (1.0 + step) / (10.0 + step));
    for (int i = 0; i < 8; i++)
      expected[i] = keep * expected[i] + (1 - keep) * (double)graph->parameters[i];
  }
  float average[8];
  nn_trainer_average(trainer, average, NULL);
  for (int i = 0; i < 8; i++) assert_true(fabs((double)average[i] - expected[i]) < 1e-6);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
}

static void test_learns(void **state) {
  (void)state;
  /* A bright row against a bright column, in noise. */
  enum { BATCH = 32, SIDE = 8 };
  nn_graph *graph =
      make_network("conv 8 3x3 same, batchnorm, relu, global-average, dense 2, softmax",
                   (nn_shape){SIDE, SIDE, 1}, 2);
  nn_trainer_options options = nn_trainer_defaults(NN_ADAM);
  nn_trainer *trainer = make_trainer(graph, &options, NULL);
  base_random random = base_random_seed(3);
  double loss = 0;
  int correct = 0;
  for (int step = 0; step < 200; step++) {
    float input[BATCH][SIDE][SIDE];
    uint16_t labels[BATCH];
    for (int p = 0; p < BATCH; p++) {
      labels[p] = (uint16_t)base_random_below(&random, 2);
      uint64_t line = base_random_below(&random, SIDE);
      for (uint64_t i = 0; i < SIDE; i++)
        for (uint64_t j = 0; j < SIDE; j++)
          input[p][i][j] =
              (float)(0.3 * base_random_normal(&random) + ((labels[p] ? j : i) == line ? 1 : 0));
    }
    nn_trainer_step(trainer, &input[0][0][0], labels, NULL, BATCH, 0.01, &loss, &correct);
  }
  assert_true(loss < 0.1);
  assert_true(correct >= BATCH - 1);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
}

/* ---- schedules ---- */

static void assert_rate(const nn_schedule *schedule, uint64_t step, double expected) {
  double rate = nn_schedule_rate(schedule, step, 101);
  if (!(fabs(rate - expected) < 1e-12)) fail_msg("step %d: %.15g", (int)step, rate);
}

static void test_schedules(void **state) {
  (void)state;
  nn_schedule constant = {.kind = NN_CONSTANT, .rate = 0.5};
  assert_rate(&constant, 0, 0.5);
  assert_rate(&constant, 100, 0.5);
  nn_schedule cosine = {.kind = NN_COSINE, .rate = 1, .final_rate = 0.2};
  assert_rate(&cosine, 0, 1);
  assert_rate(&cosine, 25, 0.2 + 0.4 * (1 + sqrt(0.5)));
  assert_rate(&cosine, 50, 0.6);
  assert_rate(&cosine, 100, 0.2);
  nn_schedule warm = {.kind = NN_COSINE, .rate = 1, .warm_up = 0.1};
  assert_rate(&warm, 0, 0.1);
  assert_rate(&warm, 4, 0.5);
  assert_rate(&warm, 9, 1);
  assert_rate(&warm, 100, 0);
  nn_schedule step = {.kind = NN_STEP, .rate = 2, .step_share = 0.25, .step_factor = 0.1};
  assert_rate(&step, 25, 2);
  assert_rate(&step, 26, 0.2);
  assert_rate(&step, 51, 0.02);
  assert_rate(&step, 100, 0.002);
  nn_schedule cycle = {.kind = NN_ONE_CYCLE, .rate = 1, .final_rate = 0.01, .warm_up = 0.3};
  assert_rate(&cycle, 0, 0.04);
  assert_rate(&cycle, 29, 1);
  assert_rate(&cycle, 100, 0.01);
  assert_true(nn_schedule_rate(&cycle, 0, 0) <= 1); /* no division by zero */
  nn_schedule thirds = {.kind = NN_STEP, .rate = 1, .step_share = 1.0 / 3, .step_factor = 0.5};
  assert_true(nn_schedule_rate(&thirds, 30, 90) == 0.5 &&
              nn_schedule_rate(&thirds, 60, 90) == 0.25);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_optimisers_match_pytorch),
      cmocka_unit_test(test_batch_norm_matches_pytorch),
      cmocka_unit_test(test_gradient_is_the_mean_over_pictures),
      cmocka_unit_test(test_refuses_what_cannot_be_trained),
      cmocka_unit_test(test_dropout_masks),
      cmocka_unit_test(test_counts_right_answers_and_ends_of_the_loss),
      cmocka_unit_test(test_loss_with_a_teacher_matches_pytorch),
      cmocka_unit_test(test_average_follows_the_weights),
      cmocka_unit_test(test_learns),
      cmocka_unit_test(test_schedules),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
