/* The program with the scans of the rnn cell. */
#include "base/base.cl"
#include "cells/rnn.cl"
#include "cells/end.cl"
#define RG_PROGRAM(X) RG_SCAN_KERNELS(X, rnn)
#include "programs/replicas.cl"
