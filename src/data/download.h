/* Verified download: a file of known size and SHA-256 from one of several mirrors, resumed where
 * it broke off. */
#ifndef DATA_DOWNLOAD_H
#define DATA_DOWNLOAD_H

#include "base/error.h"
#include "base/progress.h"
#include "data/known.h"

typedef struct data_download {
  const char *const
      *mirrors; /* folders' addresses (http, https), in order of preference, ended by NULL */
  base_progress_mode progress;
  int stall_seconds; /* without data for so long a mirror is given up; 0: 30 */
  /* Called with a sentence for each attempt that failed and was followed by another; may be
   * NULL. */
  void (*report)(void *argument, const char *sentence);
  void *argument;
} data_download;

/* Gets `file` into `folder` (made, with its parents, where it is missing). A file that is there
 * with the right sum is left alone and `*fetched` is false. Until the sum is right the bytes are
 * in NAME.part, where the next call goes on from; bytes with a wrong sum are deleted, so that
 * what stands under the final name is always whole and right. NETWORK_FAILED when every mirror
 * failed (the sentence of the last), BAD_FORMAT when the last one served other bytes,
 * WRITE_FAILED at once. */
scrawl_status data_download_file(const data_download *download, const data_remote_file *file,
                                 const char *folder, bool *fetched, base_error *error);

#endif
