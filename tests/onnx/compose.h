/* ONNX files from a line of text, for tests: statements separated by "; ".
 *
 *   input x N,1,4,4              a graph input of floats; N and other words are symbolic
 *   output y                     a graph output
 *   tensor w 2,1,3,3 [KEY=VALUE] an initializer; number i of it is compose_number(i)
 *   tensor r scalar              one of no dimensions
 *   ints s 0,-1                  an initializer of 64-bit integers
 *   bool t 1                     one truth value
 *   Conv x w > y group=1 pads=0,0,1,1 epsilon=0.5 auto_pad=VALID
 *                                a node: inputs ("_" is left out), outputs, attributes
 *   opset 13, ir 7, metadata KEY VALUE
 *
 * Tensors: `bytes=N` cuts the data to N bytes, `type=N` names another data type, `float_data=1`
 * uses that field, `external=1` says that the data lies elsewhere, `fill=X` makes every number X.
 */
#ifndef TESTS_ONNX_COMPOSE_H
#define TESTS_ONNX_COMPOSE_H

#include "nn/protobuf.h"

float compose_number(size_t index);
/* Free the writer's bytes with base_free. */
nn_writer compose(const char *text);

#endif
