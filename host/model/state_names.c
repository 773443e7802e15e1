/* Finding a model's tensors in a PyTorch state: see state_names.h. */
#include "model/state_names.h"

#include <stdio.h>
#include <string.h>

enum { LIST_BYTES = 200 };

const struct rg_state_names rg_own_names = {.recurrent = {"rnn.", 4}, .head = {"head.", 5}, .embed = {"embed.", 6}};

/* The state that is examined. */
struct state {
    const char *path;
    const struct rg_tensors *tensors;
};

/* ---- Names ---- */

/* The part of a name after the last dot. */
static const char *last_part(const char *name) {
    const char *const dot = strrchr(name, '.');
    return dot != NULL ? dot + 1 : name;
}

static struct rg_prefix prefix_of(const char *name) {
    return (struct rg_prefix){name, (size_t)(last_part(name) - name)};
}

static bool same_prefix(const struct rg_prefix *a, const struct rg_prefix *b) {
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

bool rg_is_recurrent_name(const char *name) {
    static const char *const kinds[] = {"weight_ih_l", "weight_hh_l", "weight_hr_l", "weight_sh_l",
                                        "weight_uh_l", "bias_ih_l",   "bias_hh_l",   "bias_uh_l"};
    const char *const part = last_part(name);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const size_t length = strlen(kinds[i]);
        if (strncmp(part, kinds[i], length) == 0) {
            const size_t digits = strspn(part + length, "0123456789");
            const char *const rest = part + length + digits;
            return digits > 0 && (*rest == '\0' || strcmp(rest, "_reverse") == 0);
        }
    }
    return false;
}

const struct rg_tensor *rg_state_tensor(const struct rg_tensors *tensors, const struct rg_prefix *prefix,
                                        const char *parameter) {
    for (size_t i = 0; prefix->text != NULL && i < tensors->count; i++) {
        const char *const name = tensors->items[i].name;
        if (strncmp(name, prefix->text, prefix->length) == 0 && strcmp(name + prefix->length, parameter) == 0) {
            return &tensors->items[i];
        }
    }
    return NULL;
}

/* Is the module's own name one of `names`? If the last part is a number, the part before counts: fc in model.fc.2. */
static bool is_called(const struct rg_prefix *prefix, const char *const *names) {
    size_t end = prefix->length, begin = 0;
    do {
        end -= end > 0;
        for (begin = end; begin > 0 && prefix->text[begin - 1] != '.'; begin--) {
        }
        if (strspn(prefix->text + begin, "0123456789") < end - begin) {
            break;
        }
        end = begin;
    } while (end > 0);
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strlen(names[i]) == end - begin && strncmp(prefix->text + begin, names[i], end - begin) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- The recurrent part ---- */

static rg_status find_recurrent(const struct state *state, struct rg_prefix *out) {
    *out = rg_own_names.recurrent;
    bool found = false;
    for (size_t i = 0; i < state->tensors->count; i++) {
        const char *const name = state->tensors->items[i].name;
        if (!rg_is_recurrent_name(name)) {
            continue;
        }
        const struct rg_prefix prefix = prefix_of(name);
        if (found && !same_prefix(&prefix, out)) {
            return rg_fail(RG_BAD_FILE,
                           "%s has two recurrent parts, '%.*s' and '%.*s'; save the state of one of them with its head",
                           state->path, (int)out->length, out->text, (int)prefix.length, prefix.text);
        }
        *out = prefix;
        found = true;
    }
    return RG_OK;
}

/* ---- Linear layers and tables ---- */

/* Is the tensor the weight [rows][columns] of a module that is not recurrent? */
static bool is_weight(const struct rg_tensor *tensor, size_t columns) {
    return strcmp(last_part(tensor->name), "weight") == 0 && tensor->n_dims == 2 && tensor->shape[1] == columns;
}

/* Is it the module that --head names? */
static bool is_asked(const struct rg_prefix *prefix, const char *head) {
    const size_t length = strlen(head), rest = prefix->length - 1 - length;
    return prefix->length > length && strncmp(prefix->text + rest, head, length) == 0 &&
           (rest == 0 || prefix->text[rest - 1] == '.');
}

/* List the names of all modules whose weight has that many columns: "fc, model.out". */
static void list_layers(const struct state *state, size_t columns, char list[LIST_BYTES]) {
    size_t at = 0;
    list[0] = '\0';
    for (size_t i = 0; i < state->tensors->count && at < LIST_BYTES; i++) {
        const struct rg_tensor *const tensor = &state->tensors->items[i];
        const size_t length = prefix_of(tensor->name).length;
        if (is_weight(tensor, columns) && length > 0) {
            at += (size_t)snprintf(list + at, LIST_BYTES - at, "%s%.*s", at > 0 ? ", " : "", (int)length - 1,
                                   tensor->name);
        }
    }
}

static rg_status refuse_head(const struct state *state, const char *head, size_t columns) {
    char list[LIST_BYTES];
    list_layers(state, columns, list);
    if (head != NULL) {
        return rg_fail(RG_BAD_FILE, "%s: no linear layer '%.80s' reads the %zu numbers of the recurrent part; %s%s",
                       state->path, head, columns, list[0] != '\0' ? "these do: " : "none does", list);
    }
    return rg_fail(RG_BAD_FILE, "%s: several layers could be the head; say which with --head: %s", state->path, list);
}

/* Choose the head among the weights with `columns` columns: the requested one, else the only one named like a head,
 * else the only one. */
static rg_status find_head(const struct state *state, const char *head, size_t columns, struct rg_prefix *out) {
    static const char *const names[] = {"head",       "fc",      "linear",    "out",    "output",
                                        "classifier", "decoder", "out_layer", "logits", NULL};
    size_t n = 0, n_called = 0;
    struct rg_prefix any = {NULL, 0}, called = any;
    for (size_t i = 0; i < state->tensors->count; i++) {
        const struct rg_prefix prefix = prefix_of(state->tensors->items[i].name);
        if (!is_weight(&state->tensors->items[i], columns)) {
            continue;
        }
        any = prefix;
        n++;
        if (head != NULL ? is_asked(&prefix, head) : is_called(&prefix, names)) {
            called = prefix;
            n_called++;
        }
    }
    if (n_called > 1 || (n_called == 0 && (head != NULL || n > 1))) {
        return refuse_head(state, head, columns);
    }
    *out = n_called == 1 ? called : any;
    if (out->text == NULL) { /* no candidate: where sizes are checked, a head of another size is refused */
        *out = rg_own_names.head;
    }
    return RG_OK;
}

/* Refuse a layer that reads the head's output: it would be left out, and the outputs would be different. */
static rg_status check_last(const struct state *state, const struct rg_state_names *names) {
    const struct rg_tensor *const weight = rg_state_tensor(state->tensors, &names->head, "weight");
    for (size_t i = 0; weight != NULL && i < state->tensors->count; i++) {
        const struct rg_tensor *const tensor = &state->tensors->items[i];
        const struct rg_prefix prefix = prefix_of(tensor->name);
        if (is_weight(tensor, weight->shape[0]) && !same_prefix(&prefix, &names->head) &&
            !(names->embed.text != NULL && same_prefix(&prefix, &names->embed))) {
            return rg_fail(RG_BAD_FILE,
                           "%s: '%.80s' can read the output of '%.80s', but rnn-gpu has one linear layer after the "
                           "recurrent part; --head %.*s selects it",
                           state->path, tensor->name, weight->name, (int)names->head.length - 1, names->head.text);
        }
    }
    return RG_OK;
}

/* Find a table [V][columns] without a bias that is named like an embedding and is not the head. */
static void find_embedding(const struct state *state, size_t columns, struct rg_state_names *names) {
    static const char *const called[] = {"embed", "embedding",       "embeddings", "emb",
                                         "wte",   "word_embeddings", "encoder",    NULL};
    for (size_t i = 0; i < state->tensors->count; i++) {
        const struct rg_tensor *const tensor = &state->tensors->items[i];
        const struct rg_prefix prefix = prefix_of(tensor->name);
        const bool is_head = names->head.text != NULL && same_prefix(&prefix, &names->head);
        if (is_weight(tensor, columns) && is_called(&prefix, called) && !is_head &&
            rg_state_tensor(state->tensors, &prefix, "bias") == NULL) {
            names->embed = prefix;
            return;
        }
    }
}

rg_status rg_state_names_find(const char *path, const struct rg_tensors *tensors, const char *head,
                              struct rg_state_names *out) {
    const struct state state = {path, tensors};
    *out = (struct rg_state_names){.head = {NULL, 0}};
    RG_TRY(find_recurrent(&state, &out->recurrent));
    const struct rg_tensor *const hidden = rg_state_tensor(tensors, &out->recurrent, "weight_hh_l0");
    const struct rg_tensor *const input = rg_state_tensor(tensors, &out->recurrent, "weight_ih_l0");
    const size_t directions = rg_state_tensor(tensors, &out->recurrent, "weight_ih_l0_reverse") != NULL ? 2 : 1;
    if (hidden == NULL || input == NULL || hidden->n_dims != 2 || input->n_dims != 2) {
        return RG_OK; /* their errors are reported where they are read */
    }
    RG_TRY(find_head(&state, head, directions * hidden->shape[1], &out->head));
    find_embedding(&state, input->shape[1], out);
    return head == NULL ? check_last(&state, out) : RG_OK;
}
