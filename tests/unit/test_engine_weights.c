/* Weights of an engine: as they were set, and not taken over where one of them is not finite. */
#include "measured_net.h"
#include "rnn_gpu/model.h"

static const struct rg_exercise_form form = {.sizes = {3, 4, 2, 5, 2, RG_LOSS_MSE, false}, .net = {.layers = 2}};

START_TEST(finite_weights) {
    static const float values[] = {NAN, INFINITY, -INFINITY};
    struct net net = net_of(filled(&form), &(struct parts){0});
    struct rg_model *const model = net.exercise->model;
    const size_t last = model->arena - 1, places[] = {0, last / 2, last};
    bool finite = false;
    for (size_t i = 0; i <= last; i++) {
        model->weights[i] = 0.5F + (float)i;
    }
    expect_ok(rg_engine_set_weights(net.engine, model));
    memset(model->weights, 0, model->arena * sizeof *model->weights);
    expect_ok(rg_engine_get_finite_weights(net.engine, model, &finite));
    ck_assert(finite);
    for (size_t i = 0; i <= last; i++) {
        ck_assert(model->weights[i] == 0.5F + (float)i);
    }
    for (size_t i = 0; i < COUNT(places) * COUNT(values); i++) {
        const size_t place = places[i / COUNT(values)];
        const float value = values[i % COUNT(values)], was = model->weights[place];
        test_case("%g at %zu", (double)value, place);
        model->weights[place] = value;
        expect_ok(rg_engine_set_weights(net.engine, model));
        model->weights[place] = was;
        model->weights[1] = -7.0F;
        expect_ok(rg_engine_get_finite_weights(net.engine, model, &finite));
        ck_assert(!finite && model->weights[place] == was && model->weights[1] == -7.0F);
        expect_ok(rg_engine_get_weights(net.engine, model));
        ck_assert(!isfinite(model->weights[place]) && model->weights[1] == 1.5F);
        model->weights[place] = was;
    }
    net_destroy(&net);
}
END_TEST

TEST_MAIN("engine_weights") {
    TCase *const tests = add_tests(suite, "engine_weights");
    tcase_add_unchecked_fixture(tests, open_device, close_device);
    tcase_add_test(tests, finite_weights);
}
