/* The program with the scans of the lstm cell. */
#include "base/base.cl"
#include "cells/lstm.cl"
#include "cells/end.cl"
#define RG_PROGRAM(X) RG_SCAN_KERNELS(X, lstm)
#include "programs/replicas.cl"
