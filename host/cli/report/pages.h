/* --plot and --report, for every command that has them. */
#ifndef RG_REPORT_PAGES_H
#define RG_REPORT_PAGES_H

#include "cli/report/html.h"

/* Before any work: RG_USAGE for an impossible name, or for a --figure that is not in `figures`, NULL-ended. */
rg_status rg_pages_check(const struct rg_config *config, const char *const *figures);

bool rg_pages_wanted(const struct rg_config *config);

/* Write the requested pages; one that cannot be written does not hinder the other. RG_NOT_SAVED, RG_NO_MEMORY. */
rg_status rg_pages_write(const struct rg_config *config, const struct rg_report *report);

/* The present time and place: "2026-11-29 02:40 UTC on HOST". */
enum { RG_MADE_BYTES = 160 };
void rg_pages_made(char text[RG_MADE_BYTES]);

/* Add a fact; `format` is that of printf. At most RG_MAX_FACTS. */
enum { RG_MAX_FACTS = 24 };
struct rg_facts {
    struct rg_fact items[RG_MAX_FACTS];
    size_t n;
};
void rg_facts_add(struct rg_facts *facts, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The file of --data by name, size and checksum; nothing without one. */
void rg_facts_data(struct rg_facts *facts, const struct rg_config *config);
/* How long it took. */
void rg_facts_time(struct rg_facts *facts, double seconds);
/* A number with four digits, or "not measurable" for one that is not. */
void rg_facts_number(struct rg_facts *facts, const char *name, double value);

#endif
