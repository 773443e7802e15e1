/* The options of a command as text and back, exactly: what a checkpoint keeps of them.
 *
 *     {"cell":"lstm","lr":"0.01","batch":"32","given":"batch"}
 *
 * A value is as the command line takes it, with all digits of a number; `given` lists the options that were given where
 * that makes a difference. Where results go and what a resumed run may have anew by itself (--out, --overwrite,
 * --resume) is left out. */
#ifndef RG_OPTIONS_STORE_H
#define RG_OPTIONS_STORE_H

#include "options/options.h"

/* The value of an option that is no text, with all its digits, in `text`, which is returned; "" where it was not given,
 * a flag that is set "yes". */
const char *rg_option_exact_text(const struct rg_option *option, const struct rg_config *config,
                                 char text[RG_OPTION_TEXT_BYTES]);

/* *text = the options of the command; free with rg_free. Names of files that are written become absolute. */
rg_status rg_options_store(const char *command, const struct rg_config *config, char **text);

/* *key = the values of all options of a command whose effect is that one or a larger one, as text: two runs whose keys
 * are equal have the same data (RG_EFFECT_DATA), or the same sizes (RG_EFFECT_SIZES). Free it with rg_free. */
rg_status rg_options_key(const char *command, const struct rg_config *config, enum rg_option_effect effect, char **key);

/* *config = those options; its strings point into `text`, which is used up. RG_BAD_FILE with `label`. */
rg_status rg_options_restore(const char *command, const char *label, char *text, struct rg_config *config);

/* One option after the other, as `each` wants them, without making a configuration of them. RG_BAD_FILE. */
rg_status rg_options_list(const char *label, char *text,
                          rg_status (*each)(void *self, const char *name, const char *value), void *self);

/* Give `to` the value that `from` was given for the option. Texts are not copied. */
rg_status rg_option_take(const struct rg_option *option, const struct rg_config *from, struct rg_config *to);

#endif
