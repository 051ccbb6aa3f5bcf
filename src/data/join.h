/* Several data sets as one: "mnist+emnist-digits+emnist-byclass".
 *
 * Each part is opened as if it stood alone. Classes are united by their sign, in the order in which
 * the parts bring them; writers of different parts are different writers. Collections overlap, and
 * a picture that is in two of them would be learnt from twice, or be learnt from and validated on:
 * of pictures that are alike pixel for pixel the first is kept, whatever the labels of the others.
 * The set's remarks say how many went.
 *
 * A name that exists as a whole (a file with a + in its name) is no joined one. */
#ifndef DATA_JOIN_H
#define DATA_JOIN_H

#include "data/set.h"

/* Opens a single part. */
typedef scrawl_status data_opener(void *argument, const char *name_or_path, data_part part,
                                  data_set *set, base_error *error);

/* Opens `names`, one part or several. INVALID_ARGUMENT when their pictures differ in size or a name
 * is empty; otherwise what `open` fails with. */
scrawl_status data_join_open(const char *names, data_part part, data_opener *open, void *argument,
                             data_set *set, base_error *error);

#endif
