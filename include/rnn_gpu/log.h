/* Notices: what a person should know, and what is no error. The program prints them on stderr; without a receiver
 * nobody gets them. Any thread may call these functions. */
#ifndef RNN_GPU_LOG_H
#define RNN_GPU_LOG_H

/* Give each notice to `receive`, one line without the newline, one at a time; NULL: to nobody. `receive` must not call
 * rg_log or rg_log_to itself. */
void rg_log_to(void (*receive)(void *self, const char *line), void *self);

/* One line, printf format without the newline; nothing after rg_log_quiet(1). Longer ones than 2,047 bytes are cut. */
void rg_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void rg_log_quiet(int quiet);

#endif
