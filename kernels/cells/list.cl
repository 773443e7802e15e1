/* Every cell, each followed by what is made of it: its scans, or with RG_STEPS_ONLY nothing. */
#include "cells/rnn.cl"
#include "cells/end.cl"
#include "cells/lstm.cl"
#include "cells/end.cl"
#include "cells/gru.cl"
#include "cells/end.cl"
