/* Blur of square pictures of floats, with paper (0) outside. */
#ifndef INK_BLUR_H
#define INK_BLUR_H

/* Beyond this a kernel is cut off; more blur than it holds leaves nothing to read. */
enum { INK_BLUR_REACH = 32 };

/* out(x, y) += weight * in(x + dx, y + dy); `out` may not be `in`. */
void ink_add_shifted(const float *in, int side, int dx, int dy, float weight, float *out);
/* Gaussian of a deviation in pixels, cut off at four deviations; `spare`: side * side floats. */
void ink_blur_gaussian(double deviation, int side, float *picture, float *spare);
/* The mean along a path of `length` pixels (1: none) at `angle` radians, counter-clockwise from the
 * direction of the rows; `spare`: side * side floats. */
void ink_blur_motion(double length, double angle, int side, float *picture, float *spare);

#endif
