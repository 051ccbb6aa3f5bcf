/* The kinds of damage; noise.c has the table and says what they are. Inside src/ink only. */
#ifndef INK_NOISE_H
#define INK_NOISE_H

#include "ink/ink.h"

/* noise_blur.c */
bool ink_noise_blur(double deviation, base_random *random, float *glyph);
bool ink_noise_motion(double length, base_random *random, float *glyph);
bool ink_noise_motion_blur(double deviation, base_random *random, float *glyph);
bool ink_noise_glass_blur(double deviation, base_random *random, float *glyph);

/* noise_place.c */
bool ink_noise_shear(double angle, base_random *random, float *glyph);
bool ink_noise_scale(double factor, base_random *random, float *glyph);
bool ink_noise_rotate(double angle, base_random *random, float *glyph);
bool ink_noise_translate(double pixels, base_random *random, float *glyph);

/* noise_cover.c */
bool ink_noise_stripe(double amount, base_random *random, float *glyph);
bool ink_noise_fog(double strength, base_random *random, float *glyph);
bool ink_noise_spatter(double amount, base_random *random, float *glyph);
bool ink_noise_dotted_line(double amount, base_random *random, float *glyph);
bool ink_noise_zigzag(double amount, base_random *random, float *glyph);

/* noise_edges.c */
bool ink_noise_canny_edges(double deviation, base_random *random, float *glyph);

#endif
