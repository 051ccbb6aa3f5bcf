/* What a network that was exported as a C header needs to run (export_c.h): this text is put inside
 * the program and copied from there, section by section, as far as the network uses them, with its
 * own name in place of the net that identifiers begin with. C99, and not even its library. Numbers
 * of bytes are computed as int8_scalar.c does, to the bit. */

/* ---- window ---- */
/* Pictures are rows of pixels, pixels rows of channels. */
typedef struct net_window {
  int in_h, in_w, in_c, out_h, out_w, out_c;
  int kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
} net_window;

/* The first channel of a pixel of a window; -1 where it lies outside the picture. */
static inline long net_pixel(const net_window *w, int i, int j, int ky, int kx) {
  int r = i * w->stride_h + ky - w->pad_top, s = j * w->stride_w + kx - w->pad_left;
  if (r < 0 || r >= w->in_h || s < 0 || s >= w->in_w) return -1;
  return ((long)r * w->in_w + s) * w->in_c;
}

/* ---- exp ---- */
/* exp(x) for x <= 0, in single precision: x = n ln 2 + r, |r| <= ln 2 / 2, and Taylor's series. */
static inline float net_exp(float x) {
  float r, y;
  int n;
  if (!(x > -87.0f)) return 0;
  n = (int)(x * 1.44269504f - 0.5f);
  r = (x - (float)n * 0.693145752f) - (float)n * 1.42860677e-6f;
  y = 1.0f / 720 + r / 5040;
  y = 1 + r * (1 + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * y)))));
  for (; n < 0; n++) y *= 0.5f;
  return y;
}

/* ---- softmax ---- */
static inline void net_softmax(long rows, int channels, const float *x, float temperature,
                               float *y) {
  for (; rows > 0; rows--, x += channels, y += channels) {
    float most = x[0], sum = 0;
    int c;
    for (c = 1; c < channels; c++)
      if (x[c] > most) most = x[c];
    for (c = 0; c < channels; c++) sum += y[c] = net_exp((x[c] - most) / temperature);
    for (c = 0; c < channels; c++) y[c] /= sum;
  }
}

/* ---- conv ---- */
/* A convolution or, with a window of one pixel, a dense layer. Weights: [ky][kx][in][out]. */
static inline void net_conv(const net_window *w, const float *x, const float *weights,
                            const float *bias, float *y) {
  int i, j, ky, kx, c, o;
  for (i = 0; i < w->out_h; i++)
    for (j = 0; j < w->out_w; j++, y += w->out_c) {
      for (o = 0; o < w->out_c; o++) y[o] = bias ? bias[o] : 0;
      for (ky = 0; ky < w->kernel_h; ky++)
        for (kx = 0; kx < w->kernel_w; kx++) {
          long at = net_pixel(w, i, j, ky, kx);
          const float *k = weights + ((long)ky * w->kernel_w + kx) * w->in_c * w->out_c;
          for (c = 0; at >= 0 && c < w->in_c; c++, k += w->out_c) {
            float value = x[at + c];
            for (o = 0; o < w->out_c; o++) y[o] += value * k[o];
          }
        }
    }
}

/* ---- depthwise ---- */
/* Weights: [ky][kx][channel]. */
static inline void net_depthwise(const net_window *w, const float *x, const float *weights,
                                 const float *bias, float *y) {
  int i, j, ky, kx, c;
  for (i = 0; i < w->out_h; i++)
    for (j = 0; j < w->out_w; j++, y += w->out_c) {
      for (c = 0; c < w->out_c; c++) y[c] = bias ? bias[c] : 0;
      for (ky = 0; ky < w->kernel_h; ky++)
        for (kx = 0; kx < w->kernel_w; kx++) {
          long at = net_pixel(w, i, j, ky, kx);
          const float *k = weights + ((long)ky * w->kernel_w + kx) * w->out_c;
          for (c = 0; at >= 0 && c < w->out_c; c++) y[c] += x[at + c] * k[c];
        }
    }
}

/* ---- max ---- */
static inline void net_max(const net_window *w, const float *x, float *y) {
  int i, j, ky, kx, c;
  for (i = 0; i < w->out_h; i++)
    for (j = 0; j < w->out_w; j++, y += w->out_c) {
      int first = 1;
      for (ky = 0; ky < w->kernel_h; ky++)
        for (kx = 0; kx < w->kernel_w; kx++) {
          long at = net_pixel(w, i, j, ky, kx);
          if (at < 0) continue;
          for (c = 0; c < w->out_c; c++)
            if (first || x[at + c] > y[c]) y[c] = x[at + c];
          first = 0;
        }
    }
}

/* ---- average ---- */
/* Over the pixels that lie inside the picture. */
static inline void net_average(const net_window *w, const float *x, float *y) {
  int i, j, ky, kx, c;
  for (i = 0; i < w->out_h; i++)
    for (j = 0; j < w->out_w; j++, y += w->out_c) {
      int inside = 0;
      for (c = 0; c < w->out_c; c++) y[c] = 0;
      for (ky = 0; ky < w->kernel_h; ky++)
        for (kx = 0; kx < w->kernel_w; kx++) {
          long at = net_pixel(w, i, j, ky, kx);
          if (at < 0) continue;
          for (c = 0; c < w->out_c; c++) y[c] += x[at + c];
          inside++;
        }
      for (c = 0; c < w->out_c; c++) y[c] /= (float)inside;
    }
}

/* ---- affine ---- */
/* A batch norm: factors, then shifts of the channels. */
static inline void net_affine(long pixels, int channels, const float *x, const float *table,
                              float *y) {
  int c;
  for (; pixels > 0; pixels--, x += channels, y += channels)
    for (c = 0; c < channels; c++) y[c] = x[c] * table[c] + table[channels + c];
}

/* ---- relu ---- */
static inline void net_relu(long count, const float *x, float *y) {
  long i;
  for (i = 0; i < count; i++) y[i] = x[i] > 0 ? x[i] : 0;
}

/* ---- silu ---- */
static inline void net_silu(long count, const float *x, float *y) {
  long i;
  for (i = 0; i < count; i++) {
    float e = net_exp(x[i] < 0 ? x[i] : -x[i]);
    y[i] = x[i] * (x[i] < 0 ? e : 1) / (1 + e);
  }
}

/* ---- scale ---- */
static inline void net_scale(long count, const float *x, float factor, float *y) {
  long i;
  for (i = 0; i < count; i++) y[i] = factor * x[i];
}

/* ---- add ---- */
static inline void net_add(long count, const float *a, const float *b, float *y) {
  long i;
  for (i = 0; i < count; i++) y[i] = a[i] + b[i];
}

/* ---- copy ---- */
static inline void net_copy(long count, const float *x, float *y) {
  long i;
  for (i = 0; i < count; i++) y[i] = x[i];
}

/* ---- byte ---- */
/* The nearest whole number, the even one of two, plus zero, between least and 255. */
static inline unsigned char net_byte(float value, int zero, int least) {
  int whole = (int)value;
  float rest = value - (float)whole;
  if (rest > 0.5f || (rest == 0.5f && whole % 2 != 0)) whole++;
  if (rest < -0.5f || (rest == -0.5f && whole % 2 != 0)) whole--;
  whole += zero;
  return (unsigned char)(whole < least ? least : whole > 255 ? 255 : whole);
}

/* ---- quantise ---- */
static inline void net_quantise(long count, const float *x, float scale, int zero,
                                unsigned char *y) {
  long i;
  for (i = 0; i < count; i++) {
    float value = x[i] / scale;
    y[i] = net_byte(!(value > -512) ? -512 : value > 512 ? 512 : value, zero, 0);
  }
}

/* ---- dequantise ---- */
static inline void net_dequantise(long count, const unsigned char *x, float scale, int zero,
                                  float *y) {
  long i;
  for (i = 0; i < count; i++) y[i] = (float)(x[i] - zero) * scale;
}

/* ---- sum ---- */
/* A convolution or dense layer of bytes: products are summed exactly. */
static inline void net_sum(const net_window *w, const unsigned char *x, int zero,
                           const signed char *weights, const int *starts, int i, int j, int *sums) {
  int ky, kx, c, o;
  for (o = 0; o < w->out_c; o++) sums[o] = starts[o];
  for (ky = 0; ky < w->kernel_h; ky++)
    for (kx = 0; kx < w->kernel_w; kx++) {
      long at = net_pixel(w, i, j, ky, kx);
      for (c = 0; c < w->in_c; c++, weights += w->out_c) {
        int value = at < 0 ? zero : x[at + c];
        for (o = 0; o < w->out_c; o++) sums[o] += value * weights[o];
      }
    }
}

/* ---- sum_bytes ---- */
static inline void net_sum_bytes(const net_window *w, const unsigned char *x, int zero_in,
                                 const signed char *weights, const int *starts,
                                 const float *multipliers, int zero, int least, unsigned char *y) {
  int sums[NET_CHANNELS], i, j, o;
  for (i = 0; i < w->out_h; i++)
    for (j = 0; j < w->out_w; j++) {
      net_sum(w, x, zero_in, weights, starts, i, j, sums);
      for (o = 0; o < w->out_c; o++) *y++ = net_byte((float)sums[o] * multipliers[o], zero, least);
    }
}

/* ---- sum_floats ---- */
static inline void net_sum_floats(const net_window *w, const unsigned char *x, int zero_in,
                                  const signed char *weights, const int *starts,
                                  const float *multipliers, int relu, float *y) {
  int sums[NET_CHANNELS], i, j, o;
  for (i = 0; i < w->out_h; i++)
    for (j = 0; j < w->out_w; j++) {
      net_sum(w, x, zero_in, weights, starts, i, j, sums);
      for (o = 0; o < w->out_c; o++, y++) {
        *y = (float)sums[o] * multipliers[o];
        if (relu && !(*y > 0)) *y = 0;
      }
    }
}

/* ---- max_bytes ---- */
static inline void net_max_bytes(const net_window *w, const unsigned char *x, unsigned char *y) {
  int i, j, ky, kx, c;
  for (i = 0; i < w->out_h; i++)
    for (j = 0; j < w->out_w; j++, y += w->out_c) {
      for (c = 0; c < w->out_c; c++) y[c] = 0;
      for (ky = 0; ky < w->kernel_h; ky++)
        for (kx = 0; kx < w->kernel_w; kx++) {
          long at = net_pixel(w, i, j, ky, kx);
          for (c = 0; at >= 0 && c < w->out_c; c++)
            if (x[at + c] > y[c]) y[c] = x[at + c];
        }
    }
}

/* ---- add_bytes ---- */
/* Each product is rounded before they are added, which a cast from double makes sure of. */
static inline void net_add_bytes(long count, const unsigned char *a, int zero_a, float factor_a,
                                 const unsigned char *b, int zero_b, float factor_b, int zero,
                                 int least, unsigned char *y) {
  long i;
  for (i = 0; i < count; i++) {
    float first = (float)((double)(a[i] - zero_a) * factor_a);
    float second = (float)((double)(b[i] - zero_b) * factor_b);
    y[i] = net_byte(first + second, zero, least);
  }
}

/* ---- mean_bytes ---- */
static inline void net_mean_bytes(long pixels, int channels, const unsigned char *x, int zero_in,
                                  float multiplier, int zero, unsigned char *y) {
  int c;
  for (c = 0; c < channels; c++) {
    int sum = 0;
    long p;
    for (p = 0; p < pixels; p++) sum += x[p * channels + c] - zero_in;
    y[c] = net_byte((float)sum * multiplier, zero, 0);
  }
}

/* ---- map_bytes ---- */
static inline void net_map_bytes(long count, const unsigned char *x, const unsigned char *table,
                                 unsigned char *y) {
  long i;
  for (i = 0; i < count; i++) y[i] = table[x[i]];
}

/* ---- frame ---- */
/* How much of pixel i lies between from and to. */
static inline float net_share(int i, float from, float to) {
  float low = from > (float)i ? from : (float)i, high = to < (float)(i + 1) ? to : (float)(i + 1);
  return high > low ? high - low : 0;
}

/* A picture of one digit as the network wants it: ink 255, paper 0, rows `stride` bytes apart, and
 * nothing on it but the digit, at least 20 pixels high. Its box is scaled by area into 20x20, made
 * as dark as can be, and put into 28x28 by its centre of mass. Returns 0 when there is no ink. */
static inline int net_frame(const unsigned char *ink, int width, int height, int stride,
                            unsigned char pixels[784]) {
  int left = width, right = -1, top = height, bottom = -1, x, y, u, v, columns, rows;
  float cell[20][20] = {{0}}, most = 0, mass = 0, moment_x = 0, moment_y = 0, step;
  for (y = 0; y < height; y++)
    for (x = 0; x < width; x++) {
      if (ink[(long)y * stride + x] < 32) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  for (x = 0; x < 784; x++) pixels[x] = 0;
  if (right < 0) return 0;
  width = right - left + 1;
  height = bottom - top + 1;
  step = (float)(width > height ? width : height) / 20;
  columns = (int)((float)width / step + 0.999f);
  rows = (int)((float)height / step + 0.999f);
  if (columns > 20) columns = 20;
  if (rows > 20) rows = 20;
  for (v = 0; v < rows; v++)
    for (u = 0; u < columns; u++) {
      float from_x = ((float)width - (float)columns * step) / 2 + (float)u * step;
      float from_y = ((float)height - (float)rows * step) / 2 + (float)v * step;
      for (y = (int)(from_y > 0 ? from_y : 0); y < height && (float)y < from_y + step; y++)
        for (x = (int)(from_x > 0 ? from_x : 0); x < width && (float)x < from_x + step; x++)
          cell[v][u] += net_share(x, from_x, from_x + step) * net_share(y, from_y, from_y + step) *
                        (float)ink[(long)(top + y) * stride + left + x];
      if (cell[v][u] > most) most = cell[v][u];
      mass += cell[v][u];
      moment_x += cell[v][u] * (float)u;
      moment_y += cell[v][u] * (float)v;
    }
  left = (int)(14.5f - moment_x / mass);
  top = (int)(14.5f - moment_y / mass);
  if (left + columns > 28) left = 28 - columns;
  if (top + rows > 28) top = 28 - rows;
  for (v = 0; v < rows; v++)
    for (u = 0; u < columns; u++)
      pixels[(top + v) * 28 + left + u] = (unsigned char)(cell[v][u] * 255 / most + 0.5f);
  return 1;
}

/* ---- end ---- */
