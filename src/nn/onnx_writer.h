/* What writing an ONNX file is made of. Private to onnx_write.c and onnx_write_int8.c. */
#ifndef NN_ONNX_WRITER_H
#define NN_ONNX_WRITER_H

#include "nn/onnx_file.h"

enum { ONNX_NAME_BYTES = 48 };

typedef char onnx_name_text[ONNX_NAME_BYTES];

/* A value: its name, and as what ONNX sees it. */
typedef struct onnx_point {
  onnx_name_text name;
  bool flat;
  nn_shape order; /* flat: the numbers are in the order of a picture of this shape, flattened */
} onnx_point;

/* "first_second", cut where it would be too long. */
void onnx_join(char name[ONNX_NAME_BYTES], const char *first, const char *second);
/* A node up to its attributes: up to four inputs, ended by NULL. nn_write_end closes it. */
size_t onnx_put_node(nn_writer *writer, const char *op, const char *name,
                     const char *const inputs[], const char *output);
void onnx_put_int(nn_writer *writer, const char *name, int value);
/* An initializer up to its data. */
size_t onnx_put_tensor(nn_writer *writer, const char *name, onnx_data_type type, int rank,
                       const int *dims);

/* ---- quantised networks, onnx_write_int8.c ---- */

/* The point of a quantised activation becomes that of its dequantised twin: QuantizeLinear, then
 * DequantizeLinear named `output`. */
void onnx_put_activation(nn_writer *writer, const nn_node *node, onnx_point *point,
                         const char *output);
/* The weights and the bias of a layer of bytes, dequantised, under these names. */
void onnx_put_int8_filters(nn_writer *writer, const nn_graph *graph, const nn_node *node,
                           const char *name);
void onnx_put_int8_matrix(nn_writer *writer, const nn_graph *graph, const nn_node *node,
                          nn_shape order, const char *name);
void onnx_put_int8_bias(nn_writer *writer, const nn_graph *graph, const nn_node *node,
                        const char *name);

#endif
