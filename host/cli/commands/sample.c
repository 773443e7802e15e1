/* `rnn-gpu sample`: text from a trained language model, token by token.
 *
 * Each step is one pass of the float64 reference that starts from the states of the step before. So the text is the
 * same on every machine. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/counted.h"
#include "base/stop.h"
#include "cli/commands/commands.h"
#include "files/json.h"
#include "files/json_lines.h"
#include "model/philox.h"
#include "reference/reference.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "train/score.h"
#include "train/setup.h"

enum { DRAWS = 0x5A3B1E /* this command's stream of random numbers */ };

/* A model that writes text, and the text so far. */
struct writer {
    const struct rg_config *config;
    struct rg_model *model;
    struct ref_model *reference;
    struct ref_result *step; /* results of one token */
    double *x;               /* [V], one-hot; NULL with an embedding */
    double *h, *c;           /* [L][H], the states after the last token */
    double *logits;          /* [V], divided by the temperature */
    double *chances;         /* [V], probabilities */
    size_t tokens;           /* tokens in the vocabulary */
    bool started;            /* a token was read */
    uint64_t drawn;
    struct rg_text text;
};

/* ---- The model ---- */

static rg_status copy_weights(struct writer *w) {
    for (size_t i = 0; i < w->reference->n_parameters; i++) {
        const char *const name = ref_parameter_name(w->reference, i);
        size_t k = 0;
        while (k < w->model->n_parameters && strcmp(w->model->parameters[k].name, name) != 0) {
            k++;
        }
        if (k == w->model->n_parameters) {
            return rg_fail(RG_ERROR, "the model has no parameter %s", name);
        }
        memcpy(w->reference->values[i], w->model->exact + w->model->parameters[k].offset,
               rg_parameter_elements(&w->model->parameters[k]) * sizeof(double));
    }
    return RG_OK;
}

static rg_status load(struct writer *w) {
    const struct rg_config *const c = w->config;
    RG_TRY(rg_setup_model(c, true, &w->model));
    const struct rg_shape *const s = &w->model->shape;
    if (w->model->level == RG_LEVEL_NONE) {
        return rg_fail(RG_BAD_FILE, "%s is not a language model; train one with --data F.txt", c->data.model_file);
    }
    if (s->skip > 0) {
        return rg_fail(RG_BAD_FILE, "%s has a skip; sample does not keep the earlier states that it needs",
                       c->data.model_file);
    }
    const struct ref_model form = {.cell = (enum ref_cell)s->cell,
                                   .activation = (enum ref_activation)s->activation,
                                   .inputs = s->inputs,
                                   .hidden = s->hidden,
                                   .outputs = s->outputs,
                                   .layers = s->layers,
                                   .target = REF_TARGET_STEPS,
                                   .words = s->words};
    const size_t states = s->layers * s->hidden;
    w->tokens = s->outputs;
    w->reference = ref_model_create_like(&form);
    w->step = w->reference ? ref_result_create(w->reference, 1, 1) : NULL;
    if (!w->step) {
        return rg_fail(RG_NO_MEMORY, "no memory for the model");
    }
    RG_TRY(rg_alloc(&w->h, states, sizeof *w->h, "states"));
    RG_TRY(rg_alloc(&w->c, states, sizeof *w->c, "states"));
    RG_TRY(rg_alloc(&w->logits, w->tokens, sizeof *w->logits, "logits"));
    RG_TRY(rg_alloc(&w->chances, w->tokens, sizeof *w->chances, "probabilities"));
    RG_TRY(s->words ? RG_OK : rg_alloc(&w->x, w->tokens, sizeof *w->x, "an input"));
    return copy_weights(w);
}

/* ---- Tokens ---- */

/* Number of a token, or -1. */
static int32_t find(const struct writer *w, const char *token, size_t bytes) {
    for (size_t i = 0; i < w->tokens; i++) {
        if (strncmp(w->model->vocabulary[i], token, bytes) == 0 && w->model->vocabulary[i][bytes] == '\0') {
            return (int32_t)i;
        }
    }
    return -1;
}

/* Read a token with the model: compute its states and the outputs for the next token. */
static void read_token(struct writer *w, int32_t token) {
    const struct rg_shape *const s = &w->model->shape;
    const double y = 0.0;
    const struct ref_batch batch = {.n_sequences = 1,
                                    .n_steps = 1,
                                    .x = w->x,
                                    .words = w->x ? NULL : &token,
                                    .y = &y,
                                    .loss = REF_LOSS_CE,
                                    .h_0 = w->h,
                                    .c_0 = s->cell == RG_CELL_LSTM ? w->c : NULL};
    if (w->x) {
        memset(w->x, 0, w->tokens * sizeof *w->x);
        w->x[token] = 1.0;
    }
    ref_gradient(w->reference, &batch, w->step);
    for (size_t l = 0; l < s->layers; l++) {
        const struct ref_trace *const trace = &w->step->traces[l];
        memcpy(w->h + l * s->hidden, trace->state + s->hidden, s->hidden * sizeof *w->h);
        if (s->cell == RG_CELL_LSTM) {
            memcpy(w->c + l * s->hidden, trace->cell + s->hidden, s->hidden * sizeof *w->c);
        }
    }
    w->started = true;
}

static rg_status write_token(struct writer *w, const char *token, size_t bytes) {
    const bool apart = w->model->level == RG_LEVEL_WORD && w->text.length > 0;
    RG_TRY(rg_text_add_string(&w->text, apart ? " " : ""));
    return rg_text_add(&w->text, token, bytes);
}

static double draw(struct writer *w) {
    const struct rg_stream stream = {.seed = w->config->training.seed, .parameter = DRAWS};
    double numbers[RG_BLOCK_NUMBERS];
    rg_stream_uniform(&stream, w->drawn++, numbers);
    return numbers[0];
}

/* Draw a token from softmax(z / temperature); with temperature 0 take the most probable one. */
static size_t choose_next(struct writer *w) {
    assert(w->step);
    const double temperature = w->config->sample.temperature;
    double *const p = w->chances;
    if (!w->started) { /* no token was read yet: begin with a line's start, or any token */
        const int32_t line_end = find(w, "\n", 1);
        return line_end >= 0 ? (size_t)line_end : (size_t)(draw(w) * (double)w->tokens);
    }
    if (temperature == 0.0) {
        return rg_largest(w->step->output, w->tokens);
    }
    for (size_t i = 0; i < w->tokens; i++) {
        w->logits[i] = w->step->output[i] / temperature;
    }
    rg_softmax(w->logits, w->tokens, p);
    double left = draw(w);
    size_t token = 0;
    while (token + 1 < w->tokens && left >= p[token]) {
        left -= p[token++];
    }
    return token;
}

/* ---- The prompt ---- */

/* The next token of the prompt at *at, cut as in data/text.c; NULL after the last. */
static const char *next_token(const struct writer *w, const char **at, size_t *bytes) {
    static const char spaces[] = " \t\n\v\f\r";
    const bool words = w->model->level == RG_LEVEL_WORD;
    const char *const token = words ? *at + strspn(*at, spaces) : *at;
    if (*token == '\0') {
        return NULL;
    }
    *bytes = words ? strcspn(token, spaces) : 1;
    while (!words && ((unsigned char)token[*bytes] & 0xC0) == 0x80) {
        ++*bytes;
    }
    *at = token + *bytes;
    return token;
}

static void make_lowercase(char *text) {
    for (; *text; text++) {
        *text = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
    }
}

static rg_status read_prompt(struct writer *w, char *prompt) {
    const int32_t unknown = find(w, "<unk>", strlen("<unk>"));
    const char *at = prompt, *token;
    size_t bytes = 0, n = 0, n_unknown = 0;
    char text[RG_PART_BYTES];
    if (rg_utf8_check(prompt, strlen(prompt)) < strlen(prompt)) {
        return rg_fail(RG_USAGE, "--prompt is not UTF-8 text");
    }
    if (w->model->lowercase) {
        make_lowercase(prompt);
    }
    while ((token = next_token(w, &at, &bytes)) != NULL) {
        RG_TRY(rg_stop_check());
        const int32_t known = find(w, token, bytes);
        if (known < 0 && unknown < 0) {
            return rg_fail(RG_USAGE, "--prompt: the model has never seen `%.*s`", (int)bytes, token);
        }
        n++;
        n_unknown += known < 0;
        read_token(w, known < 0 ? unknown : known);
        RG_TRY(write_token(w, token, bytes));
    }
    if (n_unknown > 0) {
        rg_log("--prompt: %s not in the model's vocabulary and read%s as <unk>",
               rg_counted_part(n_unknown, n, w->model->level == RG_LEVEL_CHAR ? "character" : "word", text),
               n_unknown == 1 ? "s" : "");
    }
    return RG_OK;
}

/* ---- The command ---- */

static rg_status print_text(struct writer *w) {
    RG_TRY(rg_text_add(&w->text, "", 1));
    if (w->config->output.json) {
        return rg_json_print(rg_json_pack(
            "{s:o, s:I, s:f, s:o}", "text", rg_json_text(w->text.bytes), "length", (json_int_t)w->config->sample.length,
            "temperature", w->config->sample.temperature, "seed", rg_json_seed(w->config->training.seed)));
    }
    (void)puts(w->text.bytes);
    return RG_OK;
}

static rg_status write_text(struct writer *w) {
    RG_TRY(load(w));
    if (w->config->sample.prompt) {
        char *prompt = NULL;
        RG_TRY(rg_copy_string(&prompt, w->config->sample.prompt));
        const rg_status status = read_prompt(w, prompt);
        rg_free(prompt);
        RG_TRY(status);
    }
    for (size_t i = 0; i < w->config->sample.length; i++) {
        RG_TRY(rg_stop_check());
        const size_t token = choose_next(w);
        const char *const text = w->model->vocabulary[token];
        RG_TRY(write_token(w, text, strlen(text)));
        read_token(w, (int32_t)token);
    }
    return print_text(w);
}

rg_status rg_command_sample(const struct rg_config *config) {
    struct writer w = {.config = config};
    rg_log_quiet(config->output.quiet);
    const rg_status status = write_text(&w);
    rg_text_destroy(&w.text);
    rg_free(w.chances);
    rg_free(w.logits);
    rg_free(w.x);
    rg_free(w.c);
    rg_free(w.h);
    ref_result_destroy(w.step);
    ref_model_destroy(w.reference);
    rg_model_destroy(w.model);
    return status;
}
