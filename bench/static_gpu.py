#!/usr/bin/env python3
"""What GPUs would run, without one: the kernels compiled for NVIDIA (sm_90) and AMD (gfx90a), and what they take.

The first table has the sweeps and weight gradients in the shape of work-group that host/device/device.h gives GPUs:
registers of an item, bytes spilled, local memory of a group (H units, B=4096, the tile of host/plan/tile.c), groups that
a multiprocessor holds, and the share of multiply-adds among the instructions of the hottest loop; with what
is missed of the goals for sm_90: nothing spilled, at most 48 KiB, two groups, 80 %. The other table has the rest (--all: every kernel).
Then the same of the program of --math tf32, whose goals are the first three, and that the hottest loop of each has tensor-core
products (HMMA); it is given 128 registers an item, as host/device/opencl/program.c has the driver do.
The drivers' own compilers differ in detail; spills, register pressure and instruction mixes carry over. Nothing here is a
measurement of a GPU.

usage: static_gpu.py [--target nvidia|amd] [--shape VEC,NV,COLS,ROWS] [--kernels FOLDER] [--all] [--check]
--check fails (exit 1) where a kernel spills, has more than 48 KiB of local memory, or more registers than a
multiprocessor has for one work-group, where a goal that was reached is missed, and where one of MISSED is reached.
needs: clang 14 and libclc-14 (Debian); for NVIDIA's figures ptxas, for its loops nvdisasm (a CUDA toolkit, on PATH or in
CUDA_BIN; PyPI has them as nvidia-cuda-nvcc, nvidia-cuda-nvdisasm). Without ptxas NVIDIA is only compiled.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCAL_LIMIT = 48 << 10
LOCAL_OF_MULTIPROCESSOR = {"nvidia": 228 << 10, "amd": 64 << 10}
LOCAL_OF_GROUP = {"nvidia": 1 << 10, "amd": 0}  # what the device adds
HOT = r"rg_(rnn|lstm|gru)_(forward|reverse)|rg_weight_gradient"
WORKING = HOT + "|rg_input_gradient|rg_head|rg_adam"
HIDDEN, TILE, BLOCK_ROWS = (64, 128, 256), 32, {False: 4, True: 16}  # host/plan/tile.c, with TF32 or not; see test_plan.c
GROUPS, SHARE = 2, 0.80
# (kernel, goal) not reached; with TF32, False and True. What it spills (232 and 8 bytes) is read outside the hottest loop.
MISSED = {False: set(), True: {("rg_weight_gradient", "spills"), ("rg_input_gradient", "spills")}}
CLANG = ["-x", "cl", "-cl-std=CL1.2", "-O3", "-Wno-linker-warnings", "-Xclang", "-finclude-default-header", "-S"]
# quotients to 2 ulp, as NVIDIA's OpenCL has them: the standard allows 2.5
NVIDIA = ["-mllvm", "-nvptx-prec-divf32=1", "-target", "nvptx64-nvidia-nvcl", "-Xclang", "-target-cpu", "-Xclang", "sm_80", "-Xclang", "-target-feature",
          "-Xclang", "+ptx75", "-Xclang", "-mlink-builtin-bitcode", "-Xclang", "/usr/lib/clc/nvptx64--nvidiacl.bc"]
AMD = ["-target", "amdgcn-amd-amdhsa", "-mcpu=gfx90a", "-nogpulib", "-Xclang", "-mlink-builtin-bitcode", "-Xclang",
       "/usr/lib/clc/amdgcn--amdhsa.bc"]

Kernel = collections.namedtuple("Kernel", "name registers spilled local stack")


def tool(*names):
    for name in names:
        found = shutil.which(name) or shutil.which(name, path=os.environ.get("CUDA_BIN", "/usr/local/cuda/bin"))
        if found:
            return found
    return None


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"static_gpu: {os.path.basename(words[0])} fails:\n{(done.stderr or done.stdout).strip()[:2000]}")
    return done.stdout + done.stderr


def host_shape():
    """RG_GPU_SHAPE of host/device/device.h: what the host builds the kernels for on a GPU."""
    with open(os.path.join(ROOT, "host/device/device.h")) as header:
        return re.search(r"RG_GPU_SHAPE[\s\\]*\{([\d, ]+)\}", header.read()).group(1)


def host_registers():
    """What the host lets the program of --math tf32 have."""
    with open(os.path.join(ROOT, "host/device/opencl/program.c")) as source:
        return re.search(r"-cl-nv-maxrregcount=(\d+)", source.read()).group(1)


def compile_kernels(target, shape, kernels, tf32, out):
    clang = tool("clang-14", "clang") or sys.exit("static_gpu: no clang (Debian: clang)")
    if not os.path.exists(target[-1]):
        sys.exit(f"static_gpu: no {target[-1]} (Debian: libclc-14)")
    defines = [f"-DRG_{name}={n}" for name, n in zip(("VEC", "NV", "COLS", "ROWS"), shape)] + ["-DRG_TF32=1"] * tf32
    run(clang, *CLANG, *target, *defines, "-I", kernels, "-include", os.path.join(kernels, "base", "prelude.cl"),
        os.path.join(kernels, "programs", "all.cl"), "-o", out)
    with open(out) as text:
        return text.read()


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found.group(1)) if found else 0


def nvidia_kernels(ptx, folder, tf32):
    """From ptxas; without it only the local memory that the PTX text declares."""
    ptxas = tool("ptxas")
    if not ptxas:
        for text in re.split(r"(?=\.entry )", ptx)[1:]:
            sizes = re.findall(r"\.shared[^;\[]*\[(\d+)\]", text)
            yield Kernel(re.match(r"\.entry (\w+)", text).group(1), None, 0, sum(map(int, sizes)), 0)
        return
    most = ["--maxrregcount", host_registers()] if tf32 else []
    report = run(ptxas, "-v", *most, "-arch=sm_90", f"{folder}/k", "-o", f"{folder}/cubin")
    for name, text in re.findall(r"Compiling entry function '(\w+)'(.*?)(?=Compiling entry|\Z)", report, re.S):
        yield Kernel(name, number(r"Used (\d+) registers", text), number(r"(\d+) bytes spill stores", text),
                     number(r"(\d+) bytes smem", text), number(r"(\d+) bytes stack frame", text))


def amd_kernels(assembly):
    """From the metadata at the end of the assembly."""
    for text in re.split(r"\n  - \.args:", assembly.rpartition("amdhsa.kernels:")[2])[1:]:
        yield Kernel(re.search(r"\.name:\s+(\w+)\n\s+\.private", text).group(1), number(r"\.vgpr_count:\s+(\d+)", text),
                     4 * number(r"\.vgpr_spill_count:\s+(\d+)", text),
                     number(r"\.group_segment_fixed_size:\s+(\d+)", text),
                     number(r"\.private_segment_fixed_size:\s+(\d+)", text))


def product_shares(folder, instruction):
    """Kernel -> share of products in its innermost loop that has most of them; of two that have as many, in the tighter."""
    nvdisasm, shares = tool("nvdisasm"), {}
    if not nvdisasm or not os.path.exists(f"{folder}/cubin"):
        return shares
    for text in re.split(r"\n\.text\.", run(nvdisasm, "-c", f"{folder}/cubin"))[1:]:
        lines, labels, loops = text.splitlines(), {}, []
        for n, line in enumerate(lines):
            label, branch = re.match(r"\s*(\.L_x_\d+):", line), re.search(r"\bBRA\b.*\((\.L_x_\d+)\)", line)
            if label:
                labels[label.group(1)] = n
            elif branch and branch.group(1) in labels:
                loops.append((labels[branch.group(1)], n))
        best = (0, 0.0)  # products in the loop, their share
        for first, last in loops:
            if not any((first, last) != (f, l) and first <= f and l <= last for f, l in loops):
                code = re.findall(r"^\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\d+\s+)?([A-Z]\w*)", "\n".join(lines[first:last + 1]),
                                  re.M)
                best = max(best, (code.count(instruction), code.count(instruction) / max(len(code), 1)))
        if best[0]:
            shares[re.match(r"\w+", text).group(0)] = best[1]
    return shares


def items_resident(target, registers, items):
    """Items that a multiprocessor's registers hold: 64 K of NVIDIA's, handed out in eights; AMD's four units have 512
    a lane each, of 64 lanes, in eights."""
    rounded = -(-registers // 8) * 8
    if target == "nvidia":
        return min(65536 // (rounded * items) * items, 2048)
    return min(512 // rounded, 8) * 4 * 64 // items * items


def problems(kernel, resident, missed):
    if kernel.spilled and (kernel.name, "spills") not in missed:
        yield f"{kernel.spilled} bytes spilled"
    if kernel.local > LOCAL_LIMIT:
        yield f"{kernel.local} bytes of local memory, {LOCAL_LIMIT} are allowed"
    if resident == 0:
        yield f"{kernel.registers} registers are too many for a work-group"


def sweep_bytes(name, hidden, shape, tf32):
    """Local memory that a launch gives a sweep: two buffers of a tile's states, see args.h."""
    panel = shape[0] * shape[1] * shape[2]
    width = -(-hidden // panel) * panel
    tile = min(TILE, (LOCAL_LIMIT // 4 // (2 * width) - 1) // BLOCK_ROWS[tf32] * BLOCK_ROWS[tf32])
    if name == "rg_weight_gradient":
        return 0
    return 16 if name.endswith("reverse") and "rnn" not in name else 2 * width * (tile + 1) * 4


def missing(kernel, local, groups, share, least):
    """The goals that a kernel misses, where they can be seen; `least`: a share above it is wanted."""
    if kernel.spilled:
        yield "spills"
    if local > LOCAL_LIMIT:
        yield "local"
    if groups is not None and groups < GROUPS:
        yield "groups"
    if share is not None and share < least:
        yield "share"


def report_goals(target, shape, kernels, shares, tf32):
    """The first table. Returns (kernel, goal) of every goal that is missed."""
    no_share = 0.0 if shares else None  # a kernel without products, where they can be seen
    items, missed = shape[2] * shape[3], set()
    print(f"{'kernel':20} {'H':>4} {'registers':>9} {'spilled':>8} {'local':>6} {'groups':>7} {products(tf32):>14}  goals")
    for k in sorted(kernels):
        for hidden in HIDDEN if re.fullmatch(HOT, k.name) else ():
            local, share = k.local + sweep_bytes(k.name, hidden, shape, tf32), shares.get(k.name, no_share)
            groups = items_resident(target, k.registers, items) // items if k.registers else None
            if groups is not None:
                groups = min(groups, LOCAL_OF_MULTIPROCESSOR[target] // max(local + LOCAL_OF_GROUP[target], 1))
            wrong = list(missing(k, local, groups, share, 1e-6 if tf32 else SHARE)) if target == "nvidia" else []
            missed |= {(k.name, goal) for goal in wrong}
            print(f"{k.name:20} {hidden:>4} {k.registers or '-':>9} {k.spilled:>8} {local:>6} "
                  f"{'-' if groups is None else groups:>7} {'-' if share is None else format(share, '.0%'):>14}  "
                  f"{'missed: ' + ', '.join(wrong) if wrong else 'reached' if k.name in shares else '-'}")
    return missed


def products(tf32):
    return "tensor cores" if tf32 else "multiply-adds"


def report(target, shape, args, tf32):
    items, bad = shape[2] * shape[3], 0
    with tempfile.TemporaryDirectory() as folder:
        text = compile_kernels(NVIDIA if target == "nvidia" else AMD, shape, args.kernels, tf32, f"{folder}/k")
        kernels = list(nvidia_kernels(text, folder, tf32) if target == "nvidia" else amd_kernels(text))
        shares = product_shares(folder, "HMMA" if tf32 else "FFMA")
    print(f"{target}{', TF32' if tf32 else ''}: {len(kernels)} kernels, groups of {shape[2]} x {shape[3]} items, vectors of {shape[0]} x {shape[1]}")
    missed = report_goals(target, shape, kernels, shares, tf32) | {(k.name, "spills") for k in kernels if k.spilled}
    if target == "nvidia" and shares and not args.shape:
        for kernel, goal in sorted(missed ^ MISSED[tf32]):
            bad += 1
            print(f"{kernel}: the goal '{goal}' is {'lost' if (kernel, goal) in missed else 'reached: take it out of MISSED'}")
    print(f"\n{'kernel':22} {'registers':>9} {'spilled':>8} {'local':>7} {'stack':>6} {'items held':>11} {products(tf32):>14}")
    for k in sorted(kernels):
        resident = items_resident(target, k.registers, items) if k.registers else None
        wrong = list(problems(k, resident, MISSED[tf32]))
        bad += bool(wrong)
        if wrong or args.all or re.fullmatch(WORKING, k.name):
            share = f"{shares[k.name]:.0%}" if k.name in shares else "-"
            print(f"{k.name:22} {k.registers or '-':>9} {k.spilled:>8} {k.local:>7} {k.stack:>6} {resident or '-':>11} "
                  f"{share:>14}", *(f"  <- {w}" for w in wrong))
    print()
    return bad if kernels else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", choices=("nvidia", "amd"))
    parser.add_argument("--shape")
    parser.add_argument("--kernels", default=os.path.join(ROOT, "kernels"))
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    shape = [int(n) for n in (args.shape or host_shape()).split(",")]
    bad = sum(report(target, shape, args, False) for target in ([args.target] if args.target else ("nvidia", "amd")))
    if args.target != "amd" and not args.shape:
        bad += report("nvidia", shape, args, True)
    sys.exit(1 if args.check and bad else 0)


main()
