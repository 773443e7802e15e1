/* The one table of options and commands from which the command line is parsed, checked and explained. */
#ifndef RNN_GPU_OPTIONS_H
#define RNN_GPU_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/config.h"

enum rg_option_kind {
    RG_KIND_FLAG,     /* bool; takes no value */
    RG_KIND_COUNT,    /* size_t, min … max */
    RG_KIND_U64,      /* uint64_t, min … max */
    RG_KIND_INT,      /* int, min … max */
    RG_KIND_BYTES,    /* uint64_t with a suffix K, M, G or T, min … max */
    RG_KIND_REAL,     /* double, min … max */
    RG_KIND_RATE,     /* the same, or `auto`: NaN */
    RG_KIND_SIGNED,   /* double, -max … max; NaN: not given */
    RG_KIND_FRACTION, /* double, min … max, the latter left out */
    RG_KIND_POSITIVE, /* double, above 1e-30 and at most `max`; NaN: not given */
    RG_KIND_DURATION, /* double, seconds with a suffix s, m or h, min … max */
    RG_KIND_TEXT,     /* const char *, not empty */
    RG_KIND_NAME,     /* const char *, one of `names` */
    RG_KIND_ENUM,     /* an enumeration, one of `names` by position */
    RG_KIND_CELL,     /* enum rg_cell, and the bool irnn */
    RG_KIND_INIT,     /* struct rg_init, the kinds in `names` by position */
    RG_KIND_EVERY,    /* struct rg_every: N updates, or a time with a suffix s, m or h, min … max */
    RG_KIND_SCHEDULE, /* struct rg_schedule_options, the kinds in `names` by position */
    RG_KIND_COLOR     /* int: -1 auto, 1 always, 0 never, in this order in `names`; alone: always */
};

enum rg_option_group {
    RG_GROUP_MODEL,
    RG_GROUP_DATA,
    RG_GROUP_TRAINING,
    RG_GROUP_MACHINE,
    RG_GROUP_SCREEN,
    RG_N_GROUPS
};

/* What differs between two runs that have different values of an option. A new option is on the safe side by its group:
 * one of the model changes sizes, one of the data changes the data, others change neither. */
enum rg_option_effect {
    RG_EFFECT_BY_GROUP,
    RG_EFFECT_VALUES, /* numbers alone: runs side by side do the same launches and read the same data */
    RG_EFFECT_SIZES,  /* sizes of the model, of the batch or of the optimiser's states */
    RG_EFFECT_DATA    /* the sequences that are read, and with them sizes */
};

/* The file or folder that an option names. */
enum rg_option_file {
    RG_FILE_NONE,
    RG_FILE_READ,    /* a file or folder that is read */
    RG_FILE_WRITTEN, /* a file that is written */
    RG_FILE_FOLDER,  /* a folder in which files are written */
    RG_FILE_RESULT   /* the command's result: a file or a folder, by the command */
};

/* May the option stand beside --resume? */
enum rg_option_resuming {
    RG_RESUME_NEVER,   /* no: the run has its own */
    RG_RESUME_BESIDE,  /* yes; it is no option of the run */
    RG_RESUME_REPLACES /* yes, in place of the run's own */
};

struct rg_option {
    const char *name;     /* without the dashes */
    char letter;          /* short form, or 0 */
    const char *argument; /* what help calls the value, or NULL */
    enum rg_option_kind kind;
    size_t offset;      /* of the field in struct rg_config */
    bool given_matters; /* whether it was given means something beside its value, so checkpoints keep that too */
    uint64_t min, max;
    const char *const *names; /* NULL-ended */
    enum rg_option_group group;
    unsigned commands; /* bits 1 << position in rg_commands: that take it */
    unsigned needed;   /* that cannot do without it */
    bool in_opening;   /* the opening lines of a training on the screen have it in words of their own */
    enum rg_option_effect effect;
    enum rg_option_file file;
    enum rg_option_resuming resuming;
    const char *help;
};

/* What an option means for commands for which it means something else than its help says. */
struct rg_option_words {
    const char *option;
    const char *commands; /* separated by spaces */
    const char *help;
};

struct rg_command {
    const char *name;
    const char *summary;
    const char *example; /* lines of help, or NULL */
};

enum { RG_MAX_COMMANDS = 32 }; /* as many as an option has bits for */

extern const struct rg_option rg_options[];
extern const size_t rg_n_options;
extern const struct rg_option_words rg_option_words[];
extern const size_t rg_n_option_words;
extern const struct rg_command rg_commands[];
extern const size_t rg_n_commands;
extern const char *const rg_group_titles[RG_N_GROUPS];

/* A kind of initialiser: whether it takes a number, and the one it has without; NaN if it must be given. */
struct rg_init_form {
    const char *number; /* what help calls it, or NULL if it takes none */
    double value;
    uint64_t min; /* of the number */
};
extern const struct rg_init_form rg_init_forms[]; /* index = enum rg_init_kind */

/* A kind of schedule: the numbers it takes, and those it has without. */
struct rg_schedule_form {
    const char *numbers; /* how help writes them behind the name; "" if it takes none */
    size_t every;        /* 0 if it takes none */
    double gamma;        /* 1 if it takes none */
};
extern const struct rg_schedule_form rg_schedule_forms[]; /* index = enum rg_schedule */

/* The option of that name; NULL if there is none. */
const struct rg_option *rg_option_named(const char *name);

/* The option that an argument spells, its length up to a `=` being `length`; NULL if there is none. */
const struct rg_option *rg_option_find(const char *argument, size_t length);

/* Whether a sweep takes lists of the option's values: all that `train` takes for model, data and training, but for
 * flags and files. */
bool rg_option_is_axis(const struct rg_option *option);

/* Position of a command, or rg_n_commands. */
size_t rg_command_find(const char *name);

/* RG_USAGE for a name that is no command, with the nearest; `what` is "command" or "help topic". */
rg_status rg_command_refuse(const char *what, const char *name);

/* RG_USAGE for an argument that names no option of that command: the nearest one, or the commands that take it. */
rg_status rg_option_refuse(size_t command, const char *argument);

/* Does one of n words of a command line give the option of that name, which must exist? For a line that is not parsed
 * yet; rg_config_gives says it of one that is. A value cannot begin like an option. */
bool rg_words_give(size_t n, char *const *words, const char *name);

/* "help" or "version" where the line asks for it, which then is all that it does; else NULL. */
const char *rg_options_asked_for(int argc, char *const *argv);

/* What the command takes behind its name, as help writes it: "FILE"; NULL for nothing. */
const char *rg_command_subject(const char *command);

/* RG_USAGE for options that contradict each other, or lack another one that they need. The message names both. */
rg_status rg_options_check(size_t command, const struct rg_config *config);

/* The same for a line with --resume. */
rg_status rg_options_check_resume(const struct rg_config *config);

/* rg_config_default as that command has it: grad and predict take the cell from the model's file, which RG_N_CELLS
 * stands for; compare trains many small models; a probe has its own hidden and steps, which 0 stands for. */
struct rg_config rg_config_of_command(size_t command);

/* Letters after a whole number: thousands, millions …, or powers of 1024 of bytes. */
#define RG_SUFFIXES "KMGT"

/* The smallest number of RG_KIND_POSITIVE. What is divided by must not vanish beside a float. */
#define RG_SMALLEST_POSITIVE 1e-30

/* Where the option's value is. */
static inline const void *rg_option_field(const struct rg_option *option, const struct rg_config *config) {
    return (const char *)config + option->offset;
}

/* Set the option's field from the text of a value. RG_USAGE names option, value and what is allowed. */
rg_status rg_option_set(const struct rg_option *option, const char *text, struct rg_config *config);

/* What help says of the option for that command, without values, default and range. */
const char *rg_option_help(const struct rg_option *option, size_t command);

/* The commands, as bits 1 << position in rg_commands, that have these words for the option; 0: they are for another
 * option. */
unsigned rg_option_words_commands(const struct rg_option *option, const struct rg_option_words *words);

/* The option's value in `config`, and its range, as help writes them; "" where there is nothing to say. */
enum { RG_OPTION_TEXT_BYTES = 200 };
void rg_option_value_text(const struct rg_option *option, const struct rg_config *config, char *text);
void rg_option_range_text(const struct rg_option *option, char *text);

/* Whether the update rule has this constant, such as momentum; true for options that are no constants of a rule. */
bool rg_option_is_of_rule(const char *option, enum rg_optimizer rule);

#endif
