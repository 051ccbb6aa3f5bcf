/* Which readings to believe. */
#include "cli/doubt.h"

#include <math.h>

scrawl_status cli_take_max_error(double max_error, read_reader *reader, base_error *error) {
  double confidence;
  if (isnan(max_error)) return SCRAWL_OK;
  const read_model *model = read_reader_model(reader);
  BASE_TRY(base_fail_within(error, read_model_threshold(model, max_error, &confidence, error),
                            "--max-error"));
  read_reader_set_reject_below(reader, confidence);
  return SCRAWL_OK;
}
