/* The table of experiments: see probe.h. */
#include "verify/experiments/probe.h"

const char *const rg_probe_rule_names[] = {"relative", "absolute", "at most", "at least", "shown", NULL};

const struct rg_probe rg_probes[] = {
    {"wall", "the error wall of one sigmoid unit, and a step from it", "Pascanu, Mikolov, Bengio 2013, figure 6", false,
     rg_probe_wall},
    {"power", "eigenvalues below 1, and yet the powers of W grow first", "matrices that are not normal", false,
     rg_probe_power},
    {"fixed-point", "a tanh net of spectral radius 0 whose gradient explodes",
     "why a verdict cannot rest on the spectral radius", false, rg_probe_fixed_point},
    {"orthogonal", "W = rho Q: the gradient goes as rho^lag", "Saxe, McClelland, Ganguli 2014", true,
     rg_probe_orthogonal},
    {"sigmoid", "a step costs at least the factor sigma_max(W) / 4", "Hochreiter 1991", true, rg_probe_sigmoid},
    {"lyapunov", "exponents of products of Gaussian matrices", "Newman 1986", false, rg_probe_lyapunov},
    {"mean-field", "the rate of a wide random tanh net is ln(chi) / 2", "Chen, Pennington, Schoenholz 2018", false,
     rg_probe_mean_field},
    {"forget-bias", "the LSTM's forget bias sets how the gradient decays",
     "Gers, Schmidhuber, Cummins 2000; the rates are own measurements", true, rg_probe_forget_bias},
    {"alive-paths", "an IRNN's gradient lives on paths that ReLU never cuts",
     "Le, Jaitly, Hinton 2015; the adding shares are own measurements", true, rg_probe_alive_paths},
    {"curse", "the gradient of lambda grows while states stay bounded", "Zucchet, Orvieto 2024", false, rg_probe_curse},
};
const size_t rg_n_probes = sizeof rg_probes / sizeof *rg_probes;
