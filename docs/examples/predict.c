/* A prediction loop: one device stays open, and each turn predicts a new batch with the model of train.c.
 *
 *     cc predict.c $(pkg-config --cflags --libs rnn-gpu) -lm -o predict && ./predict model.safetensors */
#include <math.h>
#include <rnn_gpu/rnn_gpu.h>
#include <stdio.h>

enum { BATCH = 4, STEPS = 20, TURNS = 3 };

static int failed(void) {
    fprintf(stderr, "predict: %s\n", rnn_gpu_error_message());
    return 1;
}

/* Numbers that rise in sequences 1, 3, …, and fall in the others. */
static void measure(int turn, float x[BATCH][STEPS]) {
    for (int n = 0; n < BATCH; n++) {
        for (int t = 0; t < STEPS; t++) {
            x[n][t] = 0.2f * (float)turn + (n % 2 ? 0.05f : -0.05f) * (float)t;
        }
    }
}

int main(int argc, char **argv) {
    static float x[BATCH][STEPS];
    rnn_gpu_options *options = NULL;
    rnn_gpu_device *device = NULL;
    rnn_gpu_model *model = NULL;
    rnn_gpu_data *data = NULL;
    const struct rnn_gpu_arrays arrays = {
        .x = {.values = x, .type = RNN_GPU_F32, .n_dims = 2, .shape = {BATCH, STEPS}}};
    if (argc != 2) {
        fprintf(stderr, "usage: predict MODEL.safetensors\n");
        return 2;
    }
    if (rnn_gpu_options_create("predict", &options) || rnn_gpu_options_set(options, "device", "cpu") ||
        rnn_gpu_device_open(options, &device) || rnn_gpu_model_load(argv[1], NULL, &model) ||
        rnn_gpu_data_create(&arrays, &data)) {
        return failed();
    }
    for (int turn = 0; turn < TURNS; turn++) {
        rnn_gpu_tensors *tensors = NULL;
        struct rnn_gpu_array output;
        measure(turn, x);
        if (rnn_gpu_predict(device, model, data, NULL, &tensors) || rnn_gpu_tensors_get(tensors, "output", &output)) {
            return failed();
        }
        const float *const logits = output.values; /* [BATCH][1]: two classes have one logit */
        printf("turn %d: probability of a rise", turn);
        for (int n = 0; n < BATCH; n++) {
            printf(" %.3f", 1.0 / (1.0 + exp(-(double)logits[n])));
        }
        printf("\n");
        rnn_gpu_tensors_destroy(tensors);
    }
    rnn_gpu_data_destroy(data);
    rnn_gpu_model_destroy(model);
    rnn_gpu_device_close(device);
    rnn_gpu_options_destroy(options);
    return 0;
}
