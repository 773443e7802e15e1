/* The program of learned skips: every cell's sweeps with an update gate. */
#define RG_LEARNED 1
#include "base.cl"
#include "learned_gate.cl"
#include "cells/rnn.cl"
#include "sweep.cl"
#include "cells/lstm.cl"
#include "sweep.cl"
#include "cells/gru.cl"
#include "sweep.cl"
#include "gate_gradient.cl"
#if RG_REPLICAS
#include "replicas.cl"
#endif
