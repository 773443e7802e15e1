/* The program as one of several ranks: which commands run, what the ranks compare with each other, and how they end.
 * The functions of ranks/ranks.h that communicate are here: they note what they were asked. */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "run_command.h"
/* after it, which has to be first */
#include "base/hash.h"
#include "cli/commands/alike.h"
#include "cli/crew.h"
#include "files/fingerprint.h"
#include "silent_ranks.h"
#include "train/run_open.h"

enum { MAX_CALLS = 16 };

/* ---- The other ranks ---- */

static struct call {
    bool agrees; /* else the hashes are compared */
    uint64_t hash;
    rg_status status;
    char difference[400];
} calls[MAX_CALLS];
static size_t n_calls, differing; /* the call whose hashes differ; MAX_CALLS: none */
static bool aborted, closed, built, opened;

rg_status rg_ranks_agree(struct rg_ranks *ranks, rg_status status) {
    ck_assert(ranks != NULL || status == RG_OK);
    if (ranks) {
        calls[n_calls++] = (struct call){.agrees = true, .status = status};
    }
    return status;
}

rg_status rg_ranks_same(struct rg_ranks *ranks, uint64_t hash, rg_status status, const char *difference) {
    if (!rg_ranks_several(ranks)) {
        return RG_OK;
    }
    struct call *const call = &calls[n_calls];
    *call = (struct call){.hash = hash, .status = status};
    (void)snprintf(call->difference, sizeof call->difference, "%s", difference);
    return n_calls++ == differing ? rg_fail(status, "rank 1: %s", difference) : RG_OK;
}

bool rg_ranks_built(void) {
    return built;
}

rg_status rg_ranks_open(struct rg_ranks **out) {
    opened = true;
    *out = NULL;
    return rg_fail(RG_NO_DEVICE, "no ranks here");
}

void rg_ranks_close(struct rg_ranks *ranks) {
    closed = ranks != NULL;
}

void rg_ranks_abort(struct rg_ranks *ranks, rg_status status) {
    (void)ranks;
    ck_assert_int_eq(status, RG_CHECK_FAILED);
    aborted = true;
}

rg_status rg_ranks_broadcast(struct rg_ranks *ranks, size_t from, void *data, size_t bytes) {
    (void)ranks, (void)from, (void)data, (void)bytes;
    return RG_OK;
}

static struct rg_ranks two(size_t rank) {
    return (struct rg_ranks){.rank = rank, .n = 2, .local_rank = rank, .local_n = 2, .n_hosts = 1, .host = "here"};
}

static void forget_calls(void) {
    n_calls = 0;
    differing = MAX_CALLS;
}

/* ---- Joining ---- */

START_TEST(joining) {
    static const struct {
        const char *size, *rank, *pmi_size, *pmix_rank;
        bool built, joins;
    } cases[] = {
        {NULL, NULL, NULL, NULL, true, false}, {"2", "0", NULL, NULL, true, true},
        {"2", "0", NULL, NULL, false, true},   {"1", "0", NULL, NULL, true, true},
        {"1", "0", NULL, NULL, false, false},  {"", "", NULL, NULL, true, false},
        {NULL, NULL, "2", NULL, false, true},  {NULL, NULL, "1", NULL, false, false},
        {NULL, NULL, NULL, "0", true, true},   {NULL, NULL, NULL, "0", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMIX_RANK"};
        const char *const values[] = {cases[i].size, cases[i].rank, cases[i].pmi_size, cases[i].pmix_rank};
        struct rg_crew crew;
        for (size_t k = 0; k < 4; k++) {
            ck_assert_int_eq(values[k] ? setenv(names[k], values[k], 1) : unsetenv(names[k]), 0);
        }
        built = cases[i].built;
        opened = false;
        const rg_status status = rg_crew_join(&crew);
        for (size_t k = 0; k < 4; k++) {
            ck_assert_int_eq(unsetenv(names[k]), 0);
        }
        ck_assert_msg(opened == cases[i].joins && status == (opened ? RG_NO_DEVICE : RG_OK), "case %zu", i);
        ck_assert(crew.ranks == NULL && crew.errors == STDERR_FILENO);
    }
}
END_TEST

START_TEST(commands) {
    static const struct {
        const char *name;
        bool several, on_others;
    } cases[] = {{"train", true, true},    {"compare", true, true},     {"sweep", true, true},  {"help", true, false},
                 {"version", true, false}, {"completion", true, false}, {"grad", false, false}, {"eval", false, false}};
    for (size_t rank = 0; rank < 2; rank++) {
        struct rg_ranks ranks = two(rank);
        struct rg_crew crew = {.ranks = &ranks};
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            bool runs = false;
            const rg_status status = rg_crew_command(&crew, cases[i].name, &runs);
            ck_assert_int_eq(status, cases[i].several ? RG_OK : RG_USAGE);
            if (cases[i].several) {
                ck_assert(runs == (rank == 0 || cases[i].on_others));
            }
        }
        ck_assert_str_eq(rg_error_message(), "mpirun runs train, compare and sweep; start eval without it");
        ranks.n = 1;
        bool runs = false;
        ck_assert(rg_crew_command(&crew, "eval", &runs) == RG_OK && runs);
    }
    bool runs = false;
    ck_assert(rg_crew_command(&(struct rg_crew){.ranks = NULL}, "eval", &runs) == RG_OK && runs);
}
END_TEST

/* ---- What is compared ---- */

static uint64_t hash_of_options(int argc, char **argv) {
    struct rg_ranks ranks = two(1);
    const struct rg_crew crew = {.ranks = &ranks};
    forget_calls();
    ck_assert_int_eq(rg_crew_check(&crew, RG_OK, argc, argv), RG_OK);
    ck_assert_uint_eq(n_calls, 3);
    ck_assert(calls[0].agrees && calls[0].status == RG_OK && calls[1].status == RG_USAGE);
    ck_assert_str_eq(calls[1].difference,
                     "its program is another build than rank 0's; install the same one on every host");
    ck_assert_str_eq(calls[2].difference,
                     "its options (or RNN_GPU_DEVICE) differ from those of rank 0; give all ranks the same");
    return calls[2].hash;
}

START_TEST(options_are_compared) {
    char *lines[][4] = {{"a", "train", "--lr", "1"},
                        {"b", "train", "--lr", "1"},
                        {"a", "train", "--lr1", ""},
                        {"a", "train", "--lr", "2"}};
    struct rg_fingerprint program;
    (void)unsetenv("RNN_GPU_DEVICE");
    const uint64_t hash = hash_of_options(4, lines[0]);
    ck_assert_int_eq(rg_fingerprint_take("/proc/self/exe", &program), RG_OK);
    ck_assert_uint_eq(calls[1].hash, rg_hash_item((uint64_t)program.crc << 32 ^ program.bytes, RG_VERSION));
    ck_assert_uint_eq(hash_of_options(4, lines[1]), hash); /* the program's name may differ */
    ck_assert_uint_ne(hash_of_options(4, lines[2]), hash);
    ck_assert_uint_ne(hash_of_options(4, lines[3]), hash);
    ck_assert_uint_ne(hash_of_options(3, lines[0]), hash);
    ck_assert_int_eq(setenv("RNN_GPU_DEVICE", "cpu", 1), 0);
    ck_assert_uint_ne(hash_of_options(4, lines[0]), hash);
    ck_assert_int_eq(unsetenv("RNN_GPU_DEVICE"), 0);
    /* a line that cannot be parsed, and another build */
    struct rg_ranks ranks = two(0);
    struct rg_crew crew = {.ranks = &ranks};
    forget_calls();
    ck_assert_int_eq(rg_crew_check(&crew, RG_BAD_FILE, 4, lines[0]), RG_BAD_FILE);
    ck_assert(n_calls == 1 && calls[0].status == RG_BAD_FILE);
    for (size_t i = 1; i < 3; i++) {
        forget_calls();
        differing = i;
        ck_assert_int_eq(rg_crew_check(&crew, RG_OK, 4, lines[0]), RG_USAGE);
        ck_assert_uint_eq(n_calls, i + 1);
    }
    forget_calls();
    ranks.n = 1;
    ck_assert_int_eq(rg_crew_check(&crew, RG_BAD_FILE, 4, lines[0]), RG_BAD_FILE);
    ck_assert_uint_eq(n_calls, 0);
}
END_TEST

/* Files, device and start of a training. */
static struct rg_run *run;
static struct rg_run_data data;

static void open_run(const char *line) {
    accept(line);
    ck_assert_msg(rg_run_data_read(&config, &data) == RG_OK && rg_run_open(&config, &data, &run) == RG_OK, "%s",
                  rg_error_message());
}

static void close_run(void) {
    rg_run_destroy(run);
    rg_run_data_release(&data);
}

START_TEST(trainings_are_compared) {
    static const char *const told_of_files[] = {
        "--data d.csv is another file there than on rank 0; copy one to all hosts",
        "--val v.csv is another file there than on rank 0; copy one to all hosts"};
    struct rg_ranks ranks = two(0);
    struct rg_fingerprint file;
    put_text("d.csv", "series,a,label\n1,1,0.5\n2,2,1\n3,4,0\n");
    put_text("v.csv", "series,a,label\n1,1,0.25\n");
    open_run("train --data d.csv --val v.csv --hidden 2 --updates 1 --device cpu --threads 1");
    forget_calls();
    ck_assert_int_eq(rg_alike_check(&config, run), RG_OK); /* alone */
    ck_assert_uint_eq(n_calls, 0);
    run->config.machine.ranks = &ranks;
    ck_assert_int_eq(rg_alike_check(&config, run), RG_OK);
    ck_assert_uint_eq(n_calls, 6);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(calls[2 * i].agrees && calls[2 * i + 1].status == RG_BAD_FILE);
        ck_assert_str_eq(calls[2 * i + 1].difference, told_of_files[i]);
        ck_assert_int_eq(rg_fingerprint_take(i ? "v.csv" : "d.csv", &file), RG_OK);
        ck_assert_uint_eq(calls[2 * i + 1].hash, (uint64_t)file.crc << 32 ^ file.bytes);
    }
    ck_assert_int_eq(calls[4].status, RG_NO_DEVICE);
    ck_assert_ptr_nonnull(strstr(calls[4].difference, run->device->info.name));
    ck_assert_int_eq(calls[5].status, RG_CHECK_FAILED);
    ck_assert_str_eq(calls[5].difference, "it starts from other weights or data than rank 0");
    const uint64_t of_device = calls[4].hash, of_start = calls[5].hash;
    /* each difference is a failure */
    for (size_t i = 0; i < 6; i++) {
        forget_calls();
        differing = i;
        ck_assert_int_eq(rg_alike_check(&config, run), calls[i].agrees ? RG_OK : calls[i].status);
    }
    /* a device of another kind, and another start */
    struct rg_device_info *const info = &run->device->info;
    const struct rg_device_info before = *info;
    for (size_t i = 0; i < 9; i++) {
        switch (i) {
        case 0:
            info->is_gpu = !info->is_gpu;
            break;
        case 1:
            info->has_fma = !info->has_fma;
            break;
        case 2:
            info->real_bytes++;
            break;
        case 3:
            info->tf32 = !info->tf32;
            break;
        case 4:
            info->vec++;
            break;
        case 5:
            info->rows++;
            break;
        case 6:
            (void)snprintf(info->name, sizeof info->name, "another");
            break;
        case 7:
            (void)snprintf(info->version, sizeof info->version, "another");
            break;
        default:
            info->has_prefetch = !info->has_prefetch;
            break;
        }
        forget_calls();
        ck_assert_int_eq(rg_alike_check(&config, run), RG_OK);
        ck_assert_msg(calls[4].hash != of_device && calls[5].hash == of_start, "change %zu of the device", i);
        *info = before;
    }
    for (size_t i = 0; i < 4; i++) {
        const uint64_t updates = run->state.training.updates;
        const size_t sequences = run->problem.n_sequences, shards = run->config.machine.shards;
        const float weight = run->model->weights[0];
        run->state.training.updates += i == 0 ? UINT64_C(1) << 40 : 0; /* also in the high bytes */
        run->problem.n_sequences += i == 1;
        run->config.machine.shards += i == 2;
        run->model->weights[0] += i == 3 ? 1.0F : 0.0F;
        forget_calls();
        ck_assert_int_eq(rg_alike_check(&config, run), RG_OK);
        ck_assert_msg(calls[4].hash == of_device && calls[5].hash != of_start, "change %zu of the start", i);
        run->state.training.updates = updates;
        run->problem.n_sequences = sequences;
        run->config.machine.shards = shards;
        run->model->weights[0] = weight;
    }
    /* --mixed allows other devices */
    run->config.machine.mixed = true;
    forget_calls();
    ck_assert_int_eq(rg_alike_check(&config, run), RG_OK);
    ck_assert(n_calls == 5 && calls[4].hash == of_start);
    /* at the end */
    forget_calls();
    run->result.weights_hash = 77;
    differing = 0;
    ck_assert_int_eq(rg_alike_check_end(run), RG_CHECK_FAILED);
    ck_assert(n_calls == 1 && calls[0].hash == 77);
    ck_assert_ptr_nonnull(strstr(calls[0].difference, "its weights differ from those of rank 0 at the end"));
    /* the data alone, and a file that is not there */
    forget_calls();
    config.machine.ranks = &ranks;
    ck_assert_int_eq(rg_alike_check_data(&config), RG_OK);
    ck_assert_uint_eq(n_calls, 4);
    ck_assert_int_eq(unlink("v.csv"), 0);
    forget_calls();
    ck_assert_int_eq(rg_alike_check_data(&config), RG_BAD_FILE);
    ck_assert_uint_eq(n_calls, 3);
    close_run();
}
END_TEST

START_TEST(silent_ranks) {
    static const char line[] = "train --out o --log l --report r.html --plot p.svg --figure loss --tensorboard t";
    for (size_t rank = 0; rank < 2; rank++) {
        struct rg_ranks ranks = two(rank);
        accept(line);
        config.machine.ranks = &ranks;
        rg_alike_hush_pages(&config);
        ck_assert_str_eq(config.output.out, "o");
        ck_assert((config.output.report != NULL) == (rank == 0) && (config.output.log != NULL) == (rank == 0));
        ck_assert(config.output.quiet == (rank > 0));
        rg_alike_hush(&config);
        const struct rg_output_options *const o = &config.output;
        ck_assert(o->quiet && !o->out && !o->log && !o->report && !o->plot && !o->figure && !o->tensorboard);
    }
    accept(line);
    rg_alike_hush_pages(&config);
    ck_assert_str_eq(config.output.report, "r.html");
}
END_TEST

/* ---- The end ---- */

START_TEST(ending) {
    struct rg_ranks ranks = two(1);
    struct rg_crew crew = {.ranks = &ranks, .errors = STDERR_FILENO};
    struct text printed = {NULL, 0, 0};
    forget_calls();
    ck_assert_int_eq(rg_crew_end(&(struct rg_crew){.ranks = NULL}, RG_DIVERGED), RG_DIVERGED);
    ck_assert_uint_eq(n_calls, 0);
    ck_assert_int_eq(rg_crew_end(&crew, RG_DIVERGED), RG_DIVERGED);
    ck_assert(n_calls == 1 && calls[0].status == RG_DIVERGED && !aborted);
    ranks.agreed = true; /* the others know it */
    ck_assert_int_eq(rg_crew_end(&crew, RG_BAD_FILE), RG_BAD_FILE);
    ck_assert_uint_eq(n_calls, 1);
    ranks.agreed = false;
    ranks.in_step = true;
    ck_assert_int_eq(rg_crew_end(&crew, RG_OK), RG_OK);
    ck_assert(n_calls == 2 && !aborted);
    /* in the middle of an update the others cannot learn of it */
    struct captured error = capture_begin(stderr);
    (void)rg_fail(RG_CHECK_FAILED, "the weights differ");
    (void)rg_crew_end(&crew, RG_CHECK_FAILED);
    capture_end(&error, &printed);
    ck_assert(aborted);
    ck_assert_str_eq(printed.bytes, "rnn-gpu: rank 1 on here: the weights differ\n");
    free(printed.bytes);
    rg_crew_leave(&crew);
    ck_assert(closed && crew.ranks == NULL);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
}
END_TEST

TEST_MAIN("crew") {
    TCase *const tests = add_tests(suite, "crew");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_test(tests, joining);
    tcase_add_test(tests, commands);
    tcase_add_test(tests, options_are_compared);
    tcase_add_test(tests, trainings_are_compared);
    tcase_add_test(tests, silent_ranks);
    tcase_add_test(tests, ending);
}
