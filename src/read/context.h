/* What is behind scrawl_context: the last sentence, the default model and a reader, opened when
 * they are first wanted. */
#ifndef READ_CONTEXT_H
#define READ_CONTEXT_H

#include "read/model.h"

struct scrawl_context {
  base_error error;
  read_model *digits;     /* the default; NULL until wanted */
  read_reader *reader;    /* for the model read with last */
  uint64_t reader_serial; /* of that model, which may be gone */
  base_arena arena;       /* of one call */
};

/* The reader for `model` (NULL: the default), kept until another model is read with. */
scrawl_status read_context_reader(scrawl_context *context, const scrawl_model *model,
                                  read_reader **reader);

#endif
