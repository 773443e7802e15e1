#!/bin/sh
# tests/mutate.py makes the changes it names, chooses the same ones for a seed, and tells seen from not seen.
exec python3 "${0%/*}/../mutation/test_mutation.py"
