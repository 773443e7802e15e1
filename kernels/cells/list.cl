/* Every cell, followed by its scans, or with RG_STEPS_ONLY by nothing. */
#include "cells/rnn.cl"
#include "cells/end.cl"
#include "cells/lstm.cl"
#include "cells/end.cl"
#include "cells/gru.cl"
#include "cells/end.cl"
