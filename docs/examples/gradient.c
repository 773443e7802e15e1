/* How much of the gradient of a model's recurrent weights comes from each time lag: the notes' three sentences, with
 * fresh weights.
 *
 *     cc gradient.c $(pkg-config --cflags --libs rnn-gpu) -o gradient && ./gradient data/cat-mat-rat.csv */
#include <rnn_gpu/rnn_gpu.h>
#include <stdio.h>

static int failed(void) {
    fprintf(stderr, "gradient: %s\n", rnn_gpu_error_message());
    return 1;
}

int main(int argc, char **argv) {
    rnn_gpu_options *train = NULL, *grad = NULL;
    rnn_gpu_data *data = NULL;
    rnn_gpu_model *model = NULL;
    rnn_gpu_tensors *tensors = NULL;
    struct rnn_gpu_array loss, norm, share;
    struct rnn_gpu_verdict verdict;
    if (argc != 2) {
        fprintf(stderr, "usage: gradient DATA.csv\n");
        return 2;
    }
    /* three words, one output: the probability of class 1 is its sigmoid */
    if (rnn_gpu_options_create("train", &train) || rnn_gpu_options_set(train, "hidden", "8") ||
        rnn_gpu_options_set(train, "loss", "bce") || rnn_gpu_model_create(train, 3, 1, &model) ||
        rnn_gpu_data_open(argv[1], &data) || rnn_gpu_options_create("grad", &grad) ||
        rnn_gpu_options_set(grad, "device", "cpu") || rnn_gpu_options_set(grad, "precision", "double") ||
        rnn_gpu_gradient(NULL, model, data, grad, &tensors, &verdict) || rnn_gpu_tensors_get(tensors, "loss", &loss) ||
        rnn_gpu_tensors_get(tensors, "lag.norm.rnn.weight_hh_l0", &norm) ||
        rnn_gpu_tensors_get(tensors, "lag.share.rnn.weight_hh_l0", &share)) {
        return failed();
    }
    printf("loss %.6f, verdict %s, horizon %zu\n", *(const double *)loss.values, verdict.verdict, verdict.horizon);
    for (size_t lag = 0; lag < norm.shape[0]; lag++) {
        printf("lag %zu: norm %.6f, share %5.1f %%\n", lag, ((const double *)norm.values)[lag],
               100.0 * ((const double *)share.values)[lag]);
    }
    rnn_gpu_tensors_destroy(tensors);
    rnn_gpu_data_destroy(data);
    rnn_gpu_model_destroy(model);
    rnn_gpu_options_destroy(grad);
    rnn_gpu_options_destroy(train);
    return 0;
}
