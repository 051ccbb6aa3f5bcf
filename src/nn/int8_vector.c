/* The vector kernels of quantised networks: compiled once for each instruction set, as
 * kernels_vector.c is, but with -ffp-contract=off (int8_kernels.h says why). */
#include "nn/kernels/int8_bytes.h"
#include "nn/kernels/int8_sum.h"

#define TABLE(set)    TABLE_OF(set)
#define TABLE_OF(set) nn_int8_##set
#define NAME(set)     NAME_OF(set)
#define NAME_OF(set)  #set

extern const nn_int8_kernels TABLE(NN_SET);

const nn_int8_kernels TABLE(NN_SET) = {
    .name = NAME(NN_SET),
    .packed_bytes = int8_packed_bytes,
    .pack = int8_pack,
    .sum_bytes = int8_sum_bytes,
    .sum_floats = int8_sum_floats,
    .max_pool = int8_max_pool,
    .add = int8_add,
    .mean = int8_mean,
    .map = int8_map,
    .quantise = int8_quantise,
    .dequantise = int8_dequantise,
};
