/* The one table of options and commands from which the command line is parsed, checked and explained. */
#ifndef RNN_GPU_OPTIONS_H
#define RNN_GPU_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/config.h"

enum rg_option_kind {
    RG_KIND_FLAG,     /* bool; takes no value */
    RG_KIND_COUNT,    /* size_t, least … most */
    RG_KIND_U64,      /* uint64_t, least … most */
    RG_KIND_INT,      /* int, least … most */
    RG_KIND_BYTES,    /* uint64_t with a suffix K, M, G or T, least … most */
    RG_KIND_REAL,     /* double, least … most */
    RG_KIND_SIGNED,   /* double, -most … most; NaN: not given */
    RG_KIND_FRACTION, /* double, least … most, the latter left out */
    RG_KIND_DURATION, /* double, seconds with a suffix s, m or h, least … most */
    RG_KIND_TEXT,     /* const char *, not empty */
    RG_KIND_NAME,     /* const char *, one of `names` */
    RG_KIND_ENUM,     /* an enumeration, one of `names` by position */
    RG_KIND_CELL,     /* enum rg_cell, and the bool irnn */
    RG_KIND_INIT,     /* struct rg_init, the kinds in `names` by position */
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

struct rg_option {
    const char *name;     /* without the dashes */
    char letter;          /* short form, or 0 */
    const char *argument; /* what help calls the value, or NULL */
    enum rg_option_kind kind;
    size_t offset; /* of the field in struct rg_config */
    size_t given;  /* offset of the bool that says whether it was given, or RG_NOT_KEPT */
    uint64_t least, most;
    const char *const *names; /* NULL-ended */
    enum rg_option_group group;
    unsigned commands; /* bits 1 << position in rg_commands: that take it */
    unsigned needed;   /* that cannot do without it */
    const char *help;
};

#define RG_NOT_KEPT SIZE_MAX

struct rg_command {
    const char *name;
    const char *summary;
    const char *example; /* lines of help, or NULL */
};

extern const struct rg_option rg_options[];
extern const size_t rg_n_options;
extern const struct rg_command rg_commands[];
extern const size_t rg_n_commands;
extern const char *const rg_group_titles[RG_N_GROUPS];

/* A kind of initialiser: whether it takes a number, and the one it has without; NaN if it must be given. */
struct rg_init_form {
    const char *number; /* what help calls it, or NULL if it takes none */
    double value;
    uint64_t least; /* of the number */
};
extern const struct rg_init_form rg_init_forms[]; /* index = enum rg_init_kind */

/* A kind of schedule: the numbers it takes, and those it has without. */
struct rg_schedule_form {
    const char *numbers; /* how help writes them behind the name; "" if it takes none */
    size_t every;        /* 0 if it takes none */
    double gamma;        /* 1 if it takes none */
};
extern const struct rg_schedule_form rg_schedule_forms[]; /* index = enum rg_schedule */

/* The option that an argument spells, its length up to a `=` being `length`; NULL if there is none. */
const struct rg_option *rg_option_find(const char *argument, size_t length);

/* Whether a sweep takes lists of the option's values: all that `train` takes for model, data and training, but for
 * flags and files. */
bool rg_option_is_axis(const struct rg_option *option);

/* Position of a command, or rg_n_commands. */
size_t rg_command_find(const char *name);

/* rg_config_default as that command has it: grad and predict take the cell from the model's file, which RG_N_CELLS
 * stands for; compare trains many small models; a probe has its
 * own hidden and steps, which 0 stands for. */
struct rg_config rg_config_of_command(size_t command);

/* Set the option's field from the text of a value. RG_USAGE names option, value and what is allowed. */
rg_status rg_option_set(const struct rg_option *option, const char *text, struct rg_config *config);

/* The option's value in `config`, and its range, as help writes them; "" where there is nothing to say. */
enum { RG_OPTION_TEXT_BYTES = 200 };
void rg_option_value_text(const struct rg_option *option, const struct rg_config *config, char *text);
void rg_option_range_text(const struct rg_option *option, char *text);

/* Print the help of the command at that position; of the whole program for rg_n_commands. */
void rg_help_print(size_t command);

/* Edits (insert, delete, replace, exchange neighbours) between two names; 1 if one is the beginning of the other, as
 * `--hid` of `--hidden`. */
size_t rg_name_distance(const char *a, const char *b);

/* Whether a distance is small enough for "did you mean". */
int rg_name_is_near(const char *given, size_t distance);

/* The nearest of the NULL-ended names if it is near, or NULL. */
const char *rg_name_nearest(const char *given, const char *const *names);

#endif
