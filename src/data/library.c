/* Libraries loaded late: dlopen, and dlsym for each function. */
#include "data/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* The standard has no cast from an object's address to a function's; POSIX promises equal size. */
_Static_assert(sizeof(void *) == sizeof(void (*)(void)), "dlsym's result is a function's address");

static bool load(data_library *library) {
  void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  for (size_t i = 0; i < library->count; i++) {
    void *address = dlsym(handle, library->names[i]);
    if (!address) return false;
    memcpy((char *)library->functions + i * sizeof address, &address, sizeof address);
  }
  return !library->start || library->start();
}

scrawl_status data_library_load(data_library *library, base_error *error) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  if (library->state == DATA_LIBRARY_NEW)
    library->state = load(library) ? DATA_LIBRARY_LOADED : DATA_LIBRARY_MISSING;
  bool loaded = library->state == DATA_LIBRARY_LOADED;
  pthread_mutex_unlock(&lock);
  if (loaded) return SCRAWL_OK;
  return base_fail(error, SCRAWL_NOT_FOUND, "%s could not be loaded: install %s", library->file,
                   library->hint);
}
