/* The table of cards: see cards.h. */
#include "bench/cards.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"

#define KIB(n) ((size_t)(n) << 10)
#define GIB(n) ((uint64_t)(n) << 30)

enum { LIST_BYTES = 256 };

/* Latencies, the bandwidth of the shared cache and the time between kernels are estimates: vendors do not state them.
 * Registers: NVIDIA and AMD state them; Intel 128 of 32 bytes a thread, 8 threads an EU (Gen9: 7); Apple does not, 208
 * KiB a core is what others found. An integrated GPU has the processor's memory, half of which a plan may take. */
const struct rg_card rg_cards[] = {
    {.name = "h100",
     .title = "NVIDIA H100 SXM",
     .registers_of = "sm_90",
     .units = 132,
     .schedulers = 4,
     .lanes = 32,
     .sub_group = 32,
     .local_bytes = KIB(48),
     .unit_local = KIB(228),
     .registers = 65536,
     .unit_items = 2048,
     .memory = GIB(80),
     .bandwidth = 3350e9,
     .peak = 66.9e12,
     .near_bytes = KIB(128),
     .near = 40,
     .far = 250,
     .cache_bandwidth = 5500e9,
     .launch = 3e-6,
     .source = "NVIDIA H100 Tensor Core GPU Architecture (white paper, 2022)"},
    {.name = "h200",
     .title = "NVIDIA H200 SXM",
     .registers_of = "sm_90",
     .units = 132,
     .schedulers = 4,
     .lanes = 32,
     .sub_group = 32,
     .local_bytes = KIB(48),
     .unit_local = KIB(228),
     .registers = 65536,
     .unit_items = 2048,
     .memory = GIB(141),
     .bandwidth = 4800e9,
     .peak = 66.9e12,
     .near_bytes = KIB(128),
     .near = 40,
     .far = 250,
     .cache_bandwidth = 5500e9,
     .launch = 3e-6,
     .source = "NVIDIA H200 (data sheet, 2024), whose processor is the H100's"},
    {.name = "rtx4090",
     .title = "NVIDIA GeForce RTX 4090",
     .registers_of = "sm_90",
     .units = 128,
     .schedulers = 4,
     .lanes = 32,
     .sub_group = 32,
     .local_bytes = KIB(48),
     .unit_local = KIB(100),
     .registers = 65536,
     .unit_items = 1536,
     .memory = GIB(24),
     .bandwidth = 1008e9,
     .peak = 82.6e12,
     .near_bytes = KIB(64),
     .near = 35,
     .far = 270,
     .cache_bandwidth = 5000e9,
     .launch = 3e-6,
     .source = "NVIDIA Ada GPU Architecture (white paper, 2022)"},
    {.name = "mi300x",
     .title = "AMD Instinct MI300X",
     .registers_of = "gfx90a",
     .units = 304,
     .schedulers = 4,
     .lanes = 32, /* packed: two floats a lane and cycle */
     .sub_group = 64,
     .local_bytes = KIB(64),
     .unit_local = KIB(64),
     .registers = 131072,
     .unit_items = 2048,
     .memory = GIB(192),
     .bandwidth = 5300e9,
     .peak = 163.4e12,
     .near_bytes = KIB(32),
     .near = 120,
     .far = 500,
     .cache_bandwidth = 17000e9,
     .launch = 6e-6,
     .source = "AMD CDNA 3 (white paper, 2023); Instinct MI300X (data sheet, 2023)"},
    {.name = "rx7900xtx",
     .title = "AMD Radeon RX 7900 XTX",
     .registers_of = "gfx90a",
     .units = 48, /* work-group processors of two CUs each, which OpenCL counts */
     .schedulers = 4,
     .lanes = 64, /* two instructions at once */
     .sub_group = 32,
     .local_bytes = KIB(64),
     .unit_local = KIB(128),
     .registers = 196608,
     .unit_items = 2048,
     .memory = GIB(24),
     .bandwidth = 960e9,
     .peak = 61.4e12,
     .near_bytes = KIB(32),
     .near = 120,
     .far = 300,
     .cache_bandwidth = 3500e9,
     .launch = 6e-6,
     .source = "AMD Radeon RX 7900 XTX (product page); RDNA 3 ISA (2023)"},
    {.name = "a770",
     .title = "Intel Arc A770 16 GB",
     .registers_of = "sm_90",
     .units = 32, /* Xe-cores of 16 EUs; OpenCL counts the 512 EUs */
     .schedulers = 16,
     .lanes = 8,
     .sub_group = 16,
     .local_bytes = KIB(64),
     .unit_local = KIB(128),
     .registers = 131072,
     .unit_items = 2048,
     .memory = GIB(16),
     .bandwidth = 560e9,
     .peak = 19.7e12,
     .near_bytes = KIB(64),
     .near = 120,
     .far = 300,
     .cache_bandwidth = 2000e9,
     .launch = 8e-6,
     .source = "Intel Arc A770 (product page); Xe GPU Architecture (oneAPI guide)"},
    {.name = "igpu24",
     .title = "Intel HD Graphics 530, 24 EUs",
     .registers_of = "sm_90",
     .units = 3, /* sub-slices of 8 EUs; OpenCL counts the 24 EUs */
     .schedulers = 8,
     .lanes = 8,
     .sub_group = 16,
     .local_bytes = KIB(64),
     .unit_local = KIB(64),
     .registers = 57344,
     .unit_items = 896,
     .memory = GIB(8),
     .bandwidth = 34.1e9,
     .peak = 0.44e12,
     .near_bytes = 0, /* loads go to the cache that the sub-slices share */
     .near = 200,
     .far = 200,
     .cache_bandwidth = 200e9,
     .launch = 20e-6,
     .source = "Intel Processor Graphics Gen9 (white paper, 2015); DDR4-2133"},
    {.name = "m1max",
     .title = "Apple M1 Max, 32 cores",
     .registers_of = "sm_90",
     .units = 32,
     .schedulers = 4,
     .lanes = 32,
     .sub_group = 32,
     .local_bytes = KIB(32),
     .unit_local = KIB(60),
     .registers = 53248,
     .unit_items = 1024,
     .memory = GIB(32),
     .bandwidth = 400e9,
     .peak = 10.4e12,
     .near_bytes = KIB(8),
     .near = 80,
     .far = 250,
     .cache_bandwidth = 1000e9,
     .launch = 10e-6,
     .source = "Apple M1 Max (press release, 2021); a core's memories by others"},
};
const size_t rg_n_cards = sizeof rg_cards / sizeof *rg_cards;

rg_status rg_card_find(const char *name, const struct rg_card **out) {
    char list[LIST_BYTES] = "", hint[RG_HINT_BYTES];
    const char *names[sizeof rg_cards / sizeof *rg_cards + 1] = {NULL};
    size_t length = 0;
    for (size_t i = 0; i < rg_n_cards; i++) {
        if (strcasecmp(rg_cards[i].name, name) == 0) {
            *out = &rg_cards[i];
            return RG_OK;
        }
        names[i] = rg_cards[i].name;
        const int more = snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "", names[i]);
        length += more > 0 ? (size_t)more : 0;
    }
    return rg_fail(RG_USAGE, "--plan: unknown card '%.80s'; known are %s%s", name, list,
                   rg_name_hint(name, names, hint));
}
