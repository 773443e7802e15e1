/* --plot and --report, for every command that has them. */
#ifndef RG_REPORT_PAGES_H
#define RG_REPORT_PAGES_H

#include "cli/report/figure_table.h"
#include "cli/report/table.h"
#include "gradient/verdict.h"
#include "rnn_gpu/model.h"

/* Before any work: RG_USAGE for an impossible name, or for a --figure that the command does not have. */
rg_status rg_pages_check(const struct rg_config *config, enum rg_figure_command command);

bool rg_pages_wanted(const struct rg_config *config);

/* Facts of a page; at most RG_MAX_FACTS. */
enum { RG_MAX_FACTS = 24 };
struct rg_facts {
    struct rg_fact items[RG_MAX_FACTS];
    size_t n;
};

/* What the pages of a command show. */
enum { RG_MAX_TABLES = 5, RG_PAGE_VERDICT_BYTES = 900 };
struct rg_pages {
    char title[RG_PLOT_TEXT];
    char verdict[RG_PAGE_VERDICT_BYTES]; /* "": there is none */
    struct rg_facts facts;
    struct rg_settings settings;
    struct rg_own_table tables[RG_MAX_TABLES]; /* in this order; those that were not created are left out */
    struct rg_plot *plots;                     /* [n_plots] */
    size_t n_plots;
    const char *copy;        /* path of a copy of the report, or NULL */
    struct rg_report report; /* its config, command, advice, walk and sequence; rg_pages_end sets the others */
    const struct rg_config *config;
};

/* Create pages for the files of --plot and --report, with the empty plots of a command, and report.config =
 * config. RG_NO_MEMORY. */
rg_status rg_pages_create(const struct rg_config *config, enum rg_figure_command command, struct rg_pages **out);

/* Destroy the pages. Write them before, if `filled`, the status of filling them, is RG_OK. One page that cannot be
 * written does not hinder the others. Returns `filled`, RG_NOT_SAVED or RG_NO_MEMORY. */
rg_status rg_pages_end(struct rg_pages *pages, rg_status filled);

/* Add a fact; `format` is that of printf. */
void rg_facts_add(struct rg_facts *facts, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void rg_facts_model(struct rg_facts *facts, const struct rg_model *model);
void rg_facts_device(struct rg_facts *facts, const struct rg_device_info *info);
/* The file of --data by name, size and checksum; nothing without one. */
void rg_facts_data(struct rg_facts *facts, const struct rg_config *config);
/* The verdict in numbers: how far the gradient reaches, its factor a step back, the horizon. */
void rg_facts_verdict(struct rg_facts *facts, const struct rg_verdict *verdict);
/* How long it took. */
void rg_facts_time(struct rg_facts *facts, double seconds);

#endif
