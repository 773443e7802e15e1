/* Notices for the person at the terminal, on stderr. */
#ifndef RNN_GPU_LOG_H
#define RNN_GPU_LOG_H

/* One line, printf format without the newline; nothing after rg_log_quiet(1). */
void rg_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void rg_log_quiet(int quiet);

#endif
