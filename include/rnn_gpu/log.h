/* Notices: things a person should know that are no errors. The program prints them on stderr. Without a receiver they
 * are dropped. Any thread may call these functions. */
#ifndef RNN_GPU_LOG_H
#define RNN_GPU_LOG_H

/* Send each notice to `receive`, one line without the newline, one at a time; NULL: drop them. `receive` must not call
 * rg_log or rg_log_to itself. */
void rg_log_to(void (*receive)(void *self, const char *line), void *self);

/* Send one line, printf format without the newline. Lines over 2,047 bytes are cut. rg_log_quiet(1) silences it. */
void rg_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void rg_log_quiet(int quiet);

/* Tell `show` how far a file is read: `part` from 0 to 1, which is its end. NULL: nobody. As `receive` above, it is
 * called by one thread at a time. */
void rg_log_reading_to(void (*show)(void *self, const char *path, double part), void *self);

/* For readers, after each block: `done` of `total` bytes, where a file that is read twice counts twice. */
void rg_log_reading(const char *path, double done, double total);

#endif
