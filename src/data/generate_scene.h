/* What the parts of the picture generator share: the scene, from what is written to the file.
 *
 *     layout   which signs stand where on the sheet, and what is printed there
 *     camera   from where the sheet is looked at: the map between sheet and picture
 *     planes   ink and print as coverage of the sheet's pixels, by pen and strokes; blurred
 *     expose   planes, paper and light as a picture of colours
 *     manifest the picture's label and boxes as text
 *
 * Sheet coordinates are pixels too: the camera's scale is near one. x goes right, y down. All
 * randomness comes from the scene's own generator, drawn in a fixed order. */
#ifndef DATA_GENERATE_SCENE_H
#define DATA_GENERATE_SCENE_H

#include "data/generate.h"
#include "ink/ink.h"

enum {
  SCENE_MAX_SIGNS = 320,
  SCENE_MAX_LINES = 32,
  SCENE_LINE_BYTES = 64,
  SCENE_MAX_RULES = 320,
  SCENE_MAX_SIDE = 24, /* rows or columns of a grid */
  SCENE_LABEL_BYTES = 1024,
  SCENE_MAX_GLYPH = 512, /* pixels a side, of a glyph in a data set */
};

/* Pictures of a data set by class, or the strokes built in. */
typedef struct scene_font {
  const data_set *set; /* NULL: built in */
  uint32_t *members;   /* numbers of pictures, ordered by class */
  uint32_t *first;     /* classes + 1 places in `members` */
  uint16_t *usable;    /* the classes that signs are drawn from */
  int usable_count;
} scene_font;

/* One person's way of writing, the same for all of a picture. Lengths are shares of the height of a
 * digit. */
typedef struct scene_hand {
  double slant;   /* tangent: x moves by it for each pixel up */
  double aspect;  /* factor on widths */
  double pen;     /* width of the stroke */
  double wobble;  /* deviation of a stroke's points */
  double gap;     /* between neighbours */
  double drift;   /* slope of the line */
  uint64_t habit; /* which forms of a digit are this hand's */
} scene_hand;

typedef struct scene_sign {
  char text[SCRAWL_MAX_SIGN_BYTES];
  bool mark;     /* a separator: not one of the font's */
  int line;      /* or row of the grid */
  int column;    /* of a grid; -1 elsewhere */
  uint32_t form; /* picture of the data set, or row of the strokes */
  double x, y;   /* left end on the base line */
  double width, height;
  double turn;     /* radians, clockwise */
  uint64_t stream; /* of its own randomness */
  ink_box box;     /* in the picture; width 0 until it is drawn */
} scene_sign;

/* A printed line of the sheet. */
typedef struct scene_rule {
  double x0, y0, x1, y1, width, level;
} scene_rule;

typedef struct scene_point {
  double x, y;
} scene_point;

/* A map of the projective plane, row by row; (x, y) becomes (x', y') / w. */
typedef struct scene_map {
  double m[9];
} scene_map;

typedef struct scene_camera {
  int width, height; /* of the picture */
  scene_map to_picture, to_sheet;
  double left, top; /* of the planes, in sheet coordinates */
  int plane_width, plane_height;
  double blur;               /* deviation, pixels */
  double motion_x, motion_y; /* length of the smear, pixels */
  double noise;              /* deviation at full light, 1 = white */
  double exposure, tint[3];  /* white balance */
  double gradient_x, gradient_y, vignette;
  struct scene_shadow {
    double x, y, angle, radius, soft, depth; /* in halves of the longer side */
  } shadows[2];
  bool desk;     /* the sheet ends inside the picture */
  int quality;   /* of the JPEG; 0: PNG */
  int bits;      /* 24 colour, 8 grey, 1 */
  bool inverted; /* light on dark */
} scene_camera;

typedef struct scene_paper {
  const char *name;
  double colour[3], ink[3], print[3], desk[3]; /* reflectance, linear */
  double grain, cloud;                         /* texture of the sheet, relative */
  double density, streak;                      /* of the ink, and how it varies */
  double back;                                 /* how much of the back shines through, 0..1 */
  const char *pen;
} scene_paper;

typedef struct scene {
  data_generate_kind kind;
  data_generate_capture capture;
  double megapixels;
  base_random random;
  const scene_font *font;
  scene_hand hand;
  scene_sign signs[SCENE_MAX_SIGNS];
  int sign_count;
  char lines[SCENE_MAX_LINES][SCENE_LINE_BYTES]; /* text of each line, or row */
  int line_count;
  scene_rule rules[SCENE_MAX_RULES];
  int rule_count;
  int rows, columns;                                     /* 0: no grid */
  double xs[SCENE_MAX_SIDE + 1], ys[SCENE_MAX_SIDE + 1]; /* its lines */
  double size;                                           /* height of a digit */
  double pitch;                                          /* between lines; 0: there is one */
  double left, top, right, bottom;                       /* what must be in the picture */
  double margin[4];                                      /* beyond: left, top, right, bottom */
  int width, height;                                     /* of the picture; 0: as that gives */
  char label[SCENE_LABEL_BYTES];
  scene_paper paper;
  scene_camera camera;
} scene;

/* Draws from the scene's generator: a number between two; whether something of this chance is. */
static inline double scene_range(scene *s, double low, double high) {
  return base_random_range(&s->random, low, high);
}
static inline bool scene_chance(scene *s, double share) {
  return base_random_unit(&s->random) < share;
}

/* ---- font ---- */
scrawl_status scene_font_open(const data_set *set, scene_font *font, base_error *error);
void scene_font_free(scene_font *font);
/* Chooses a form for sign->text and gives sign->width from sign->height. */
void scene_font_choose(scene *s, scene_sign *sign);
/* One of the signs the font draws from, at random. */
void scene_font_any(scene *s, char text[SCRAWL_MAX_SIGN_BYTES]);
/* A picture of the data set, the box around its ink, and the slant to draw it with. */
ink_image scene_font_picture(const scene_font *font, uint32_t form);
ink_box scene_font_box(const ink_image *glyph);
double scene_font_lean(const scene *s, const ink_image *glyph);

/* ---- layout ---- */
void scene_layout(scene *s);

/* ---- paper ---- */
/* Capture, paper, pen and ruling. */
void scene_choose_paper(scene *s);

/* ---- camera ---- */
void scene_place_camera(scene *s);
scene_point scene_map_apply(const scene_map *map, double x, double y);

/* ---- pen ---- */
/* Where ink lands. The ends of each row with ink, mapped into the picture, make a sign's box. */
typedef struct scene_brush {
  ink_image *plane;
  double left, top; /* of the plane, in sheet coordinates */
  int first, last;  /* rows with ink */
  int *ends;        /* first and last column with ink, for each row; NULL: not wanted */
} scene_brush;
/* Coverage of a pixel: the largest counts. Outside of the plane nothing happens. */
void scene_brush_dot(scene_brush *brush, int x, int y, int level);
/* Sets the sign's box. */
void scene_draw_sign(const scene *s, scene_sign *sign, scene_brush *brush);
void scene_draw_rule(const scene_rule *rule, scene_brush *brush);

/* ---- strokes ---- */
/* A row of the built-in forms for this sign, or -1; its width as a share of its height. */
int scene_strokes_find(const char *text, uint64_t habit, base_random *random);
double scene_strokes_width(int form);
void scene_strokes_draw(const scene *s, const scene_sign *sign, scene_brush *brush);

/* ---- planes ---- */
/* Coverage of the sheet by ink and by print, blurred as the camera does. */
typedef struct scene_planes {
  ink_image ink, print; /* print.pixels NULL: there is none */
} scene_planes;
/* Sets the signs' boxes. */
scrawl_status scene_draw_planes(scene *s, scene_planes *planes, base_error *error);
void scene_free_planes(scene_planes *planes);

/* ---- expose ---- */
struct Pix;
scrawl_status scene_expose(scene *s, struct Pix **picture, base_error *error);

/* ---- manifest ---- */
/* A line of truth.jsonl for a picture; base_free it. NULL without memory. */
char *scene_describe(const scene *s, const char *name);

const char *data_generate_kind_name(data_generate_kind kind);
const char *data_generate_capture_name(data_generate_capture capture);

#endif
