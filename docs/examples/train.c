/* Train an LSTM to tell whether a sequence of numbers rises or falls, and save it.
 *
 *     cc train.c $(pkg-config --cflags --libs rnn-gpu) -o train && ./train model.safetensors */
#include <rnn_gpu/rnn_gpu.h>
#include <stdio.h>

enum { SEQUENCES = 256, STEPS = 20 };

static int show(void *user, const struct rnn_gpu_update *update) {
    (void)user;
    if (update->update % 50 == 0) {
        printf("update %llu: loss %.4f\n", (unsigned long long)update->update, update->loss);
    }
    return 0; /* another value would end the training */
}

int main(int argc, char **argv) {
    static float x[SEQUENCES][STEPS];
    static int32_t y[SEQUENCES]; /* whole numbers are classes */
    rnn_gpu_options *options = NULL;
    rnn_gpu_data *data = NULL;
    rnn_gpu_trainer *trainer = NULL;
    rnn_gpu_model *model = NULL;
    struct rnn_gpu_result result;
    const char *const file = argc > 1 ? argv[1] : "model.safetensors";
    for (int n = 0; n < SEQUENCES; n++) {
        y[n] = n % 2;
        for (int t = 0; t < STEPS; t++) {
            x[n][t] = (float)n / SEQUENCES + (y[n] ? 0.05f : -0.05f) * (float)t;
        }
    }
    const struct rnn_gpu_arrays arrays = {
        .x = {.values = x, .type = RNN_GPU_F32, .n_dims = 2, .shape = {SEQUENCES, STEPS}},
        .y = {.values = y, .type = RNN_GPU_I32, .n_dims = 1, .shape = {SEQUENCES}}};
    if (rnn_gpu_options_create("train", &options) || rnn_gpu_options_set(options, "cell", "lstm") ||
        rnn_gpu_options_set(options, "hidden", "16") || rnn_gpu_options_set(options, "lr", "0.01") ||
        rnn_gpu_options_set(options, "updates", "200") || rnn_gpu_options_set(options, "val-frac", "0.25") ||
        rnn_gpu_options_set(options, "device", "cpu") || rnn_gpu_data_create(&arrays, &data) ||
        rnn_gpu_trainer_create(NULL, options, NULL, data, NULL, &trainer)) {
        fprintf(stderr, "train: %s\n", rnn_gpu_error_message());
        return 1;
    }
    rnn_gpu_trainer_on_update(trainer, show, NULL);
    if (rnn_gpu_trainer_run(trainer) || rnn_gpu_trainer_result(trainer, &result) ||
        rnn_gpu_trainer_model(trainer, 1, &model) || rnn_gpu_model_save(model, file)) {
        fprintf(stderr, "train: %s\n", rnn_gpu_error_message());
        return 1;
    }
    printf("%s after %llu updates: loss %.4f, validation accuracy %.3f, gradient %s; saved %s\n", result.reason,
           (unsigned long long)result.updates, result.loss, result.validation.accuracy, result.verdict.verdict, file);
    rnn_gpu_model_destroy(model);
    rnn_gpu_trainer_destroy(trainer);
    rnn_gpu_data_destroy(data);
    rnn_gpu_options_destroy(options);
    return 0;
}
