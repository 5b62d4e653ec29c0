/* lock.h - one thread at a time. Floor 0. */
#ifndef WEIR_BASE_LOCK_H
#define WEIR_BASE_LOCK_H

#include <pthread.h>

/* Not recursive; neither moved nor copied while it is in use. */
typedef struct weir_lock {
    pthread_mutex_t mutex;
} weir_lock;

static inline void weir_lock_init(weir_lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
}
static inline void weir_lock_deinit(weir_lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}
static inline void weir_lock_take(weir_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
}
static inline void weir_lock_release(weir_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

#endif
