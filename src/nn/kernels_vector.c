/* The vector kernels: compiled once for each instruction set (kernels/vector.h), which leaves one
 * table behind. */
#include "nn/kernels/channel.h"
#include "nn/kernels/conv.h"
#include "nn/kernels/depthwise.h"
#include "nn/kernels/pointwise.h"
#include "nn/kernels/update.h"

#define TABLE(set)    TABLE_OF(set)
#define TABLE_OF(set) nn_kernels_##set
#define NAME(set)     NAME_OF(set)
#define NAME_OF(set)  #set

extern const nn_kernels TABLE(NN_SET);

const nn_kernels TABLE(NN_SET) = {
    .name = NAME(NN_SET),
    .width = WIDTH,
    .convs = CONVS,
    .conv_of = conv_of,
    .dense_weights = dense_weights,
    .depthwise_forward = depthwise_forward,
    .depthwise_backward_data = depthwise_backward_data,
    .depthwise_backward_weights = depthwise_backward_weights,
    .max_pool_forward = max_pool_forward,
    .max_pool_backward = max_pool_backward,
    .average_pool_forward = average_pool_forward,
    .average_pool_backward = average_pool_backward,
    .channel_moments = channel_moments,
    .channel_products = channel_products,
    .channel_affine = channel_affine,
    .channel_combine = channel_combine,
    .relu_forward = relu_forward,
    .relu_backward = relu_backward,
    .silu_forward = silu_forward,
    .silu_backward = silu_backward,
    .add = add,
    .softmax = softmax,
    .sum_rows = sum_rows,
    .sgd_step = sgd_step,
    .adam_step = adam_step,
    .average_step = average_step,
};
