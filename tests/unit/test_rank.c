/* Which of several devices `auto` takes, and why. */
#include <string.h>

#include "device/rank.h"
#include "suite.h"

enum { MAX_DEVICES = 4 };
#define VENDOR "NVIDIA CUDA"
#define POCL "Portable Computing Language"

static struct rg_device_entry entry(const char *id, const char *platform, bool gpu, bool unified, uint64_t memory) {
    struct rg_device_entry e = {.info = {.is_gpu = gpu, .is_unified = unified, .memory_bytes = memory << 30}};
    (void)snprintf(e.id, sizeof e.id, "%s", id);
    (void)snprintf(e.info.platform, sizeof e.info.platform, "%s", platform);
    (void)snprintf(e.info.name, sizeof e.info.name, "device %s", id);
    return e;
}

/* The ids in order, and the reason for the first. */
static void expect(const struct rg_device_entry *entries, size_t n, const char *ids, const char *reason) {
    size_t order[MAX_DEVICES];
    char found[64] = "", text[200] = "";
    const size_t count = rg_device_rank(entries, n, order);
    for (size_t i = 0; i < count; i++) {
        (void)strcat(strcat(found, i ? " " : ""), entries[order[i]].id);
    }
    ck_assert_str_eq(found, ids);
    if (count > 0) {
        rg_device_reason(entries, order, count, text, sizeof text);
    }
    ck_assert_str_eq(text, reason);
}

START_TEST(ranks) {
    const struct rg_device_entry unified = entry("0:0", "Intel(R) OpenCL Graphics", true, true, 24),
                                 card = entry("1:0", VENDOR, true, false, 8),
                                 larger = entry("1:1", VENDOR, true, false, 24),
                                 mesa = entry("2:0", "rusticl", true, false, 48),
                                 cpu = entry("3:0", POCL, false, true, 64), pocl = entry("3:1", POCL, true, false, 8);
    struct rg_device_entry emulator = entry("4:0", "Intel(R) FPGA Emulation Platform", false, true, 64), dead = card;
    emulator.info.is_accelerator = true;
    (void)snprintf(dead.problem, sizeof dead.problem, "its driver hung");
    expect((struct rg_device_entry[]){unified, card, cpu}, 3, "1:0 0:0 3:0",
           "a GPU with its own memory, before 0:0 device 0:0, 3:0 device 3:0");
    expect((struct rg_device_entry[]){mesa, pocl, card}, 3, "1:0 3:1 2:0",
           "by its vendor's driver or the better known one, before 3:1 device 3:1, 2:0 device 2:0");
    expect((struct rg_device_entry[]){card, larger}, 2, "1:1 1:0",
           "the one with the most memory, before 1:0 device 1:0");
    expect((struct rg_device_entry[]){card, card}, 2, "1:0 1:0", "the first of several alike, before 1:0 device 1:0");
    expect((struct rg_device_entry[]){emulator, cpu, dead}, 3, "3:0",
           "the processor's only OpenCL device; there is no GPU");
    expect((struct rg_device_entry[]){cpu, unified}, 2, "0:0 3:0", "a GPU, before 3:0 device 3:0");
    expect((struct rg_device_entry[]){emulator, unified}, 2, "0:0", "the only GPU");
    expect((struct rg_device_entry[]){emulator, dead}, 2, "", "");
    static const char *const least[] = {"Clover", "clvk", "OpenCLOn12"}; /* alike: the memory decides */
    for (size_t i = 0; i < 3; i++) {
        expect((struct rg_device_entry[]){entry("5:0", least[(i + 1) % 3], true, false, 8),
                                          entry("6:0", least[i], true, false, 24),
                                          entry("7:0", "rusticl", true, false, 4)},
               3, "7:0 6:0 5:0",
               "by its vendor's driver or the better known one, before 6:0 device 6:0, 5:0 device 5:0");
    }
}
END_TEST

TEST_MAIN("rank") {
    tcase_add_test(add_tests(suite, "rank"), ranks);
}
