/* Options that contradict each other or need each other: of each rule what it refuses, and the nearest line that it
 * accepts. test_options_refused.c has more of what is refused. */
#define _GNU_SOURCE
#include "parsed_line.h"

#define ENDS "--epochs and --updates both say how long to train; leave one out"
#define RESUMED "cannot be given with --resume, which uses the options of the run; leave it out (--updates, --epochs, "

static const struct {
    const char *line, *message; /* a fragment; NULL: the line is accepted */
} cases[] = {
    /* the model */
    {"--cell rnn --activation relu", NULL},
    {"--skip 1 --skip-kind dilated", NULL},
    {"--skip 1", NULL},
    {"--model m --skip-budget 0.5", NULL},
    {"compare --remedies learned --skip-budget 0.5", NULL},
    {"--target last --readout mean", NULL},
    {"--target steps", NULL},
    {"--cell lstm --forget-bias 0", NULL},
    {"--cell gru --init chrono:5", NULL},
    {"--cell lstm --init chrono:5", NULL},
    {"--layers 2 --dropout 0.5", NULL},
    {"--layers 1 --dropout 0.5", "--dropout acts between layers, and there is only one"},
    /* constants of update rules */
    {"--optimizer momentum --momentum 0.5", NULL},
    {"--optimizer nesterov --momentum 0.5", NULL},
    {"--optimizer rmsprop --momentum 0.5 --rmsprop-alpha 0.5 --epsilon 1e-5", NULL},
    {"--optimizer adagrad --epsilon 1e-5", NULL},
    {"--optimizer adamw --beta1 0.5 --beta2 0.5 --epsilon 1e-5", NULL},
    {"--optimizer adam --beta1 0.5 --beta2 0.5 --epsilon 1e-5", NULL},
    {"--optimizer adagrad --momentum 0.5",
     "--momentum belongs to the optimizers momentum, nesterov and rmsprop, not to adagrad"},
    {"--optimizer sgd --epsilon 1e-5",
     "--epsilon belongs to the optimizers adam, adamw, rmsprop and adagrad, not to sgd"},
    {"--optimizer momentum --rmsprop-alpha 0.5", "--rmsprop-alpha belongs to the optimizer rmsprop, not to momentum"},
    {"--optimizer nesterov --beta1 0.5", "--beta1 belongs to the optimizers adam and adamw, not to nesterov"},
    /* the training */
    {"--clip-norm 0.5 --clip-value 0.5", "--clip-norm and --clip-value are both given; leave one out, or set it to 0"},
    {"--clip-norm 0 --clip-value 0.5", NULL},
    {"--lr auto", NULL},
    {"compare --lr auto", "--lr auto finds the rate of one training; give compare a rate, or leave --lr out"},
    {"--epochs 1 --updates 5 --data a.csv", ENDS},
    {"--epochs 1 --data a.csv", NULL},
    /* a saved model */
    {"--model m --hidden 3", "--hidden is determined by the model of --model; leave it out"},
    {"--model m --layers 2", "--layers is determined by the model of --model"},
    {"--model m --bidirectional", "--bidirectional is determined by the model of --model"},
    {"--model m --embed 2 --data a.csv", "--embed is determined by the model of --model"},
    {"--model m --init he", "--init is determined by the model of --model"},
    {"--model m --init-input he", "--init-input is determined by the model of --model"},
    {"--model m --cell lstm --forget-bias 1", "--forget-bias is determined by the model of --model"},
    {"grad --model m --data d --out o --hidden 3", "--hidden is determined by the model of --model"},
    {"grad --task copy --out o --hidden 3", NULL},
    {"--model m --cell lstm --dropout 0", NULL},
    /* folds */
    {"--folds 3", "--folds 3 deals the sequences for --fold I, which is missing"},
    {"--data a.csv --fold 1 --folds 3", NULL},
    {"--data a.csv --fold 3 --folds 3", NULL},
    {"--data a.csv --fold 4 --folds 3", "--fold 4 of --folds 3: there is none; add --folds 4"},
    {"--task fashion-mnist --fold 1", NULL},
    {"--fold 1", "--fold holds a part of a file out; add --data FILE or --task fashion-mnist"},
    {"--data a.csv --fold 1 --val b.csv", "--fold and --val both give validation data; leave one out"},
    {"--data a.csv --fold 1 --val-frac 0.5", "--fold and --val-frac both give validation data; leave one out"},
    {"--data a.txt --fold 1 --tbptt 1", "--fold deals sequences, and --tbptt has one; leave one of the two out"},
    {"--data a.txt --fold 1", NULL},
    {"--data a.txt --tbptt 1", NULL},
    /* validation and test data */
    {"--val b.csv", "--val requires --data FILE"},
    {"--test b.csv", "--test requires --data FILE"},
    {"--data a.csv --val b.csv --test c.csv", NULL},
    {"--data a.csv --test c.csv", NULL},
    {"--val-frac 0.5", "--val-frac holds out a part of a file; add --data FILE or --task fashion-mnist"},
    {"--val-frac 0", NULL},
    {"--task fashion-mnist --val-frac 0.5", NULL},
    {"--data - --val b.csv", NULL},
    {"--data a.csv --test -", NULL},
    {"--data - --val -", "stdin, `-`, can be used for only one of --data, --val and --test"},
    {"--data - --test -", "stdin, `-`, can be used for only one of"},
    {"--data a.csv --val - --test -", "stdin, `-`, can be used for only one of"},
    {"--data a.csv --val b.csv --val-frac 0.5", "--val and --val-frac both give validation data; leave one out"},
    {"--data a.csv --val b.csv --val-frac 0", NULL},
    {"--data a.csv --patience 1", "--patience needs validation data; add --val FILE, --val-frac X or --fold I"},
    {"--data a.csv --val-every 1", "--val-every needs validation data; add --val FILE, --val-frac X or --fold I"},
    {"--data a.csv --val-every 0 --patience 0", NULL},
    {"--data a.csv --patience 1 --val b.csv", NULL},
    {"--data a.csv --val-every 1 --val-frac 0.5", NULL},
    {"--data a.csv --val-every 1 --patience 1 --fold 1", NULL},
    /* the use of the data */
    {"--normalize", "--normalize scales the inputs of a file; add --data FILE, or leave it out"},
    {"--normalize --data a.csv", NULL},
    {"--normalize --task fashion-mnist", NULL},
    {"--tbptt 1", "--tbptt carries the state along a text or one long series, and the sequences of a task are"},
    {"--tbptt 1 --data a.csv", "--tbptt carries the state along a text (.txt) or one long series, an .npz file"},
    {"--tbptt 1 --data a.tsv", "--tbptt carries the state along a text (.txt) or one long series, an .npz file"},
    {"--tbptt 1 --data -", "--tbptt carries the state along a text (.txt) or one long series, an .npz file"},
    {"--tbptt 1 --data a.npz", NULL},
    {"--tbptt 1 --data a.npz --steps 5", "--tbptt and --steps both cut the data into windows; leave --steps out"},
    {"--data a.npz --steps 5", NULL},
    {"--class-weights balanced", "--class-weights weighs the classes of a file; add --data FILE, or leave it out"},
    {"--class-weights balanced --data a.csv", NULL},
    {"--pixels", "--pixels takes images apart; add --task fashion-mnist or --data with an IDX file"},
    {"--pixels --task fashion-mnist", NULL},
    {"--permute 1 --task fashion-mnist", "--permute is the order of single pixels; add --pixels"},
    {"--pixels --permute 1 --task fashion-mnist", NULL},
    {"--fill mean", "--fill is for missing values of a file; add --data FILE, or leave it out"},
    {"--fill mean --data a.csv", NULL},
    {"--fill previous --data a.csv", NULL},
    {"--fill zero --data a.csv", NULL},
    {"--fill -1.5 --data a.csv", NULL},
    {"--fill 1000000000 --data a.csv", NULL},
    {"--fill 1000000001 --data a.csv",
     "--fill: '1000000001' is not mean, previous, zero or a number from -1000000000 to 1000000000"},
    {"--fill media --data a.csv", "--fill: 'media' is not mean, previous, zero or a number from"},
    {"--target-column y", "--target-column names columns of a .csv or .tsv file; add --data FILE.csv, or leave it out"},
    {"--target-column y --data a.npz", ".csv or .tsv file; in other files the targets are y; leave it out"},
    {"--target-column y --data a.csv", NULL},
    {"--target-column y --data a.tsv", NULL},
    {"--target-column y --data -", NULL},
    /* text */
    {"--level word", "--level is for a text file (.txt); add --data FILE.txt, or leave it out"},
    {"--vocab 5 --data a.csv", "--vocab is for a text file (.txt)"},
    {"--min-count 5 --data a.csv", "--min-count is for a text file (.txt)"},
    {"--lowercase --data a.npz", "--lowercase is for a text file (.txt)"},
    {"--level word --vocab 5 --min-count 2 --lowercase --data a.txt", NULL},
    {"--embed 1", "--embed is for the words of a file; add --data FILE"},
    {"--embed 0", NULL},
    {"--embed 1 --data a.csv", NULL},
    /* files */
    {"--pad left --data a.npy", NULL},
    {"--pad left --data a.txt", "--pad is the side on which an .npz file pads short sequences; leave it out"},
    {"--ignore-label 3 --data a.csv", NULL},
    {"--ignore-label 3 --task fashion-mnist", NULL},
    {"grad --model m --data d --out o --head fc", NULL},
    {"--save-every 5 --out o", NULL},
    {"--task adding", NULL},
    {"--task copy --data a.csv", "--task copy and --data a.csv are both given; leave one out"},
    {"--precision float --math tf32", NULL},
    {"--precision double", NULL},
    /* windows */
    {"--window 1", "--window cuts the series of a file; add --data FILE, or leave it out"},
    {"--window 1 --data a.csv", NULL},
    {"--window 1 --data a.npz --tbptt 1",
     "--window makes sequences that start from zero states, --tbptt carries the state; leave one out"},
    {"--window 1 --data a.csv --steps 5", "--window and --steps both say how long the sequences are; leave one out"},
    {"--stride 2", "--stride requires --window W, the steps of a window; add it"},
    {"--horizon 2 --data a.csv", "--horizon requires --window W, the steps of a window; add it"},
    {"--horizon 2 --model m", "--horizon requires --window W, the steps of a window; add it"},
    {"--horizon 2 --stride 2 --window 1 --data a.csv", NULL},
    {"--horizon 2 --model m --data a.csv", NULL},
    {"predict --model m --data a.csv --stride 2", NULL},
    /* grad and export: a task, or files */
    {"grad --task copy --out o --batch 3 --seed 4", NULL},
    {"grad --out o", "grad needs --model FILE, or --task NAME"},
    {"grad --data d --out o", "grad needs --model FILE for --data"},
    {"grad --model m --out o", "grad needs --data FILE, or --task NAME"},
    {"grad --model m --data d --out o --seed 3",
     "--seed requires --task NAME; the whole file of --data is one batch, so leave it out"},
    {"grad --model m --data d --out o --steps 3", NULL},
    {"export --model m --out o.npz", NULL},
    {"export --task copy --sequences 3 --steps 12 --seed 2 --out o.npz", NULL},
    {"export --task copy --out o.npz --cell lstm",
     "--cell is an option of a model, and export --task copy writes data; leave it out"},
    {"export --model m --out o.npz --cell lstm", NULL},
    {"export --model m --out o.npz --steps 3", "--steps requires --task NAME; a model has none, so leave it out"},
    {"export --model m --out o.npz --seed 3", "--seed requires --task NAME; a model has none, so leave it out"},
    {"export --model m", "export needs --out PATH"},
    {"import --out o.safetensors", "import needs --onnx FILE"},
    {"eval --data d", "eval needs --model FILE"},
    {"sample", "sample needs --model FILE"},
    {"predict --model m --data d", NULL},
    /* the walk */
    {"grad --model m --data d --trace --sequence 1", NULL},
    {"grad --model m --data d --trace-latex w.tex --sequence 1", NULL},
    {"grad --model m --data d --sequence 1",
     "--sequence selects a sequence of the walk; add --trace or --trace-latex F.tex"},
    {"grad --model m --data d --trace --json",
     "--trace with --json puts its numbers into a file; add --out FILE.safetensors"},
    {"grad --model m --data d --trace --json --out o", NULL},
    {"grad --model m --data d --json", NULL},
    {"grad --model m --data d --trace", NULL},
    /* beside --resume */
    {"--resume r", NULL},
    {"--resume r --updates 5 --max-time 5m --device cpu --threads 2 --shards 2 --mixed", NULL},
    {"--resume r --epochs 5 --json --quiet --color never", NULL},
    {"--resume r --epochs 5 --updates 5", ENDS},
    {"--resume r --hidden 5", "--hidden " RESUMED "--max-time, --device, --threads, --shards and --mixed may be new)"},
    {"--resume r --cell lstm", "--cell " RESUMED},
    {"--resume r --overwrite", "--overwrite " RESUMED},
};

START_TEST(rules) {
    const char *const line = cases[_i].line, *const message = cases[_i].message;
    test_case("%s", line);
    if (!message) {
        accept(line);
        return;
    }
    ck_assert_msg(parse(line) == RG_USAGE, "`%s` is accepted", line);
    ck_assert_msg(strstr(rg_error_message(), message) != NULL, "`%s` gives `%s`, expected `%s`", line,
                  rg_error_message(), message);
}
END_TEST

/* Which update rule uses which constant. Options that are no constants, such as lr, belong to every rule. */
START_TEST(constants_of_rules) {
    ck_assert(rg_option_is_of_rule("momentum", RG_OPT_NESTEROV) && !rg_option_is_of_rule("momentum", RG_OPT_SGD));
    ck_assert(rg_option_is_of_rule("epsilon", RG_OPT_ADAGRAD) && !rg_option_is_of_rule("epsilon", RG_OPT_MOMENTUM));
    ck_assert(rg_option_is_of_rule("lr", RG_OPT_SGD) && rg_option_is_of_rule("lr", RG_OPT_ADAGRAD));
}
END_TEST

START_TEST(numbers_of_fill) {
    double number = 5.0;
    ck_assert(rg_fill_number("zero", &number) && number == 0.0);
    ck_assert(rg_fill_number("-2.5", &number) && number == -2.5);
    ck_assert(rg_fill_number("1e9", &number) && number == 1e9);
    ck_assert(!rg_fill_number("1.1e9", &number) && !rg_fill_number("mean", &number));
}
END_TEST

TEST_MAIN("options_check") {
    TCase *const tests = add_tests(suite, "options_check");
    tcase_add_loop_test(tests, rules, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tests, constants_of_rules);
    tcase_add_test(tests, numbers_of_fill);
}
