/* --max-error: which readings to believe. */
#ifndef CLI_DOUBT_H
#define CLI_DOUBT_H

#include "read/model.h"

/* Makes the reader reject what is less confident than the model's table asks for this error rate;
 * NaN, not given: the model's own threshold stays. INVALID_ARGUMENT says what the model lacks. */
scrawl_status cli_take_max_error(double max_error, read_reader *reader, base_error *error);

#endif
