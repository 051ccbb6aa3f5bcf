/* The parts of page_prepare. Inside src/page only.
 *
 * Darkness: uint8, DARK_PAPER + 255 * (light - grey) / light, where light is what the paper has at
 * that place; so paper is DARK_PAPER with its noise to both sides. Masks are bytes, 255 or 0. */
#ifndef PAGE_PREPARE_H
#define PAGE_PREPARE_H

#include "page/sheet.h"

enum { DARK_PAPER = 16 };

/* clean.c: each new pixel is the mean of by x by; the new size is the old one over `by`, rounded
 * up. */
void page_reduce(const page_picture *picture, int by, uint8_t *small, int width, int height);

/* colour.c: a 32-bit picture without palette as grey, so that ink of any colour stands out from
 * paper of any colour. */
void page_grey_of_colour(struct Pix *pix, uint8_t *grey);
/* True when writing is lighter than what it stands on. */
bool page_ink_is_light(const ink_image *grey);

/* flatten.c: grey becomes darkness, in place. `flip`: the ink is light. */
scrawl_status page_flatten(ink_image *grey, bool flip, base_pool *pool, base_error *error);

/* binarise.c */
typedef struct page_levels {
  double noise; /* deviation, in levels of darkness */
  int paper;    /* darkness of most pixels */
  int weak;     /* darkness from which on something may be ink */
  int faint;    /* the same for what a straight line confirms */
  int ink;      /* darkness of common ink; 0: there is none */
} page_levels;
/* Takes away noise, in place, until ink stands out from it. */
scrawl_status page_denoise(ink_image *dark, page_levels *levels, base_error *error);
/* Local ink level, for tiles of STRENGTH_TILE pixels a side. */
enum { STRENGTH_TILE = 32 };
typedef struct page_strength {
  int columns, rows;
  float *level; /* columns x rows; base_free */
} page_strength;
scrawl_status page_find_strength(const ink_image *dark, const page_levels *levels,
                                 page_strength *strength, base_error *error);
/* What is at least `part` of the way from paper to the strength nearby, and no noise. With a part
 * of 0 whatever is darker than most noise. */
scrawl_status page_binarise(const ink_image *dark, const page_levels *levels,
                            const page_strength *strength, float part, ink_image *mask,
                            base_pool *pool, base_error *error);
/* Darkness to ink levels, 0 wherever `mask` has nothing within two pixels. `ink` has its size. */
scrawl_status page_stretch(const ink_image *dark, const page_levels *levels,
                           const page_strength *strength, const ink_image *mask, ink_image *ink,
                           base_pool *pool, base_error *error);

/* runs.c: a mask as rows of runs, and the components they form (8 neighbours). */
typedef struct page_run {
  int x, end, y;      /* from x to end - 1 */
  uint32_t component; /* number of its component */
} page_run;
typedef struct page_component {
  ink_box box;
  uint64_t area, across, down; /* pixels, runs in rows, runs in columns */
  int contact;                 /* pixels on the picture's border */
} page_component;
typedef struct page_runs {
  page_run *items; /* by row, then from left to right */
  size_t count;
  size_t *row; /* height + 1: where each row's runs begin */
  page_component *components;
  size_t component_count;
} page_runs;
/* `with_components` false: the mask's runs alone. */
scrawl_status page_find_runs(const ink_image *mask, bool with_components, page_runs *runs,
                             base_error *error);
void page_runs_free(page_runs *runs);
/* The usual width of strokes. */
double page_find_stroke(const page_runs *runs, int width, int height);
/* Wipes specks, shadows, and scan edges at the border out of the mask; all of it where there are
 * more runs than writing has. `dark`, `paper`: what the mask was made from. */
scrawl_status page_drop_dirt(ink_image *mask, const ink_image *dark, int paper,
                             const page_runs *runs, base_error *error);

/* rules.c: finds ruled lines and boxes on a mask and wipes them out of it and out of `dark`. The
 * rules are in pixels of the mask. `scratch`: as many bytes as the mask has pixels. */
scrawl_status page_remove_rules(ink_image *mask, ink_image *dark, uint8_t *scratch,
                                page_rule **rules, size_t *count, base_error *error);

/* marks.c: makes small separate things, which blur has made faint, as dark as ink. `faint`: what is
 * darker than noise. */
scrawl_status page_strengthen_points(const ink_image *faint, const page_levels *levels,
                                     ink_image *dark, base_error *error);

/* desk.c: a sheet that lies on something darker. QUAD: all of its edges are seen. */
typedef enum page_desk { DESK_NONE, DESK_AROUND, DESK_QUAD } page_desk;
/* a x + b y = c, (a, b) of length 1 pointing out of the sheet. */
typedef struct page_edge {
  double a, b, c;
  bool seen, clear; /* clear: far darker behind it */
} page_edge;
typedef struct page_found_sheet {
  page_desk kind;
  page_edge edge[4];    /* top, right, bottom, left */
  page_point corner[4]; /* of a QUAD: top left, top right, bottom right, bottom left */
  double margin;        /* pixels within an edge where it may still be seen */
} page_found_sheet;
scrawl_status page_find_desk(const ink_image *grey, page_found_sheet *sheet, base_error *error);
/* A part of the picture that lies within the sheet; all of it without a QUAD. */
void page_within_sheet(const page_found_sheet *sheet, const ink_image *grey, ink_image *view);
/* What lies beyond the edges becomes paper. */
void page_clear_desk(const page_found_sheet *sheet, ink_image *dark);

/* skew.c: the angle to turn clockwise by, in degrees, -40 .. 40; 0 when it cannot be told. */
scrawl_status page_find_skew(struct Pix *mask, const page_runs *runs, double stroke,
                             const page_rule *rules, size_t rule_count, double *angle,
                             base_error *error);
/* Quarters to turn clockwise by so that lines of writing lie: 0 or 1. */
int page_find_quarters(const page_runs *runs, double stroke);

/* map.c */
bool page_map_of_quad(const page_point corner[4], double width, double height, page_map *map);
page_map page_map_join(const page_map *second, const page_map *first);
bool page_map_invert(const page_map *map, page_map *inverse);
/* `to` (of its size already) by bilinear interpolation from what lies under `map`; 0 outside. */
void page_warp(const ink_image *from, const page_map *map, ink_image *to, base_pool *pool);

#endif
