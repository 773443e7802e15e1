/* How text on stdout may look: see look.h. */
#define _GNU_SOURCE
#include "cli/report/look.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/sizes.h"

size_t rg_look_terminal(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : RG_MIN_COLUMNS;
}

/* Of the environment's locale; setlocale would change more than the screen. */
static bool is_unicode(void) {
    const locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    const bool unicode = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    if (locale) {
        freelocale(locale);
    }
    return unicode;
}

struct rg_look rg_look_of(const struct rg_config *config) {
    const char *const no_color = getenv("NO_COLOR"), *const term = getenv("TERM");
    const bool dumb = !term || strcmp(term, "dumb") == 0;
    const bool ranks =
        config->machine.ranks != NULL; /* mpirun gives its processes a terminal and copies what they write */
    const bool may = config->output.color < 0 && isatty(STDOUT_FILENO) && !dumb && !ranks && !(no_color && no_color[0]);
    return (struct rg_look){.color = config->output.color == 1 || may,
                            .unicode = is_unicode(),
                            .verbose = config->output.verbose,
                            .columns = rg_look_terminal()};
}

static size_t within(size_t columns, size_t min, size_t max) {
    return columns < min ? min : rg_min(columns, max);
}

size_t rg_look_bars(const struct rg_look *look) {
    return within(look->columns, RG_MIN_COLUMNS, RG_MAX_COLUMNS);
}

size_t rg_look_table(const struct rg_look *look) {
    return within(look->columns, RG_FEWEST_COLUMNS, RG_MAX_COLUMNS);
}

size_t rg_look_rows(const struct rg_look *look) {
    return isatty(STDOUT_FILENO) ? rg_look_table(look) : RG_ALL_COLUMNS;
}

size_t rg_look_text(const struct rg_look *look) {
    return within(look->columns, RG_FEWEST_COLUMNS, RG_TEXT_COLUMNS);
}
