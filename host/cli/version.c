/* How the program was built: the screen of `rnn-gpu version --verbose`. */
#include <jansson.h>
#include <stdio.h>
#include <zip.h>
#include <zlib.h>
#ifdef RG_CAIRO
#include <cairo.h>
#endif

#include "cli/help.h"
#include "ranks/ranks.h"

static void print_library(const char *name, const char *version, const char *licence, const char *use) {
    printf("  %-10s %-9s %-18s %s\n", name, version, licence, use);
}

static const char *yes_or_no(bool yes) {
    return yes ? "yes" : "no";
}

void rg_version_print(bool verbose) {
    bool opencl = false, cairo = false;
#ifdef RG_OPENCL
    opencl = true;
#endif
#ifdef RG_CAIRO
    cairo = true;
#endif
    puts("rnn-gpu " RG_VERSION);
    if (!verbose) {
        return;
    }
    printf("MIT licence\n\nbuild: %s %s, C%ld; OpenCL device %s, ranks of mpirun %s, PNG figures %s\n",
#ifdef __clang__
           "clang",
#else
           "gcc",
#endif
           __VERSION__, __STDC_VERSION__ / 100 % 100, yes_or_no(opencl), yes_or_no(rg_ranks_built()), yes_or_no(cairo));
    puts("\nlinked libraries:");
    print_library("jansson", jansson_version_str(), "MIT", "JSON");
    print_library("libzip", zip_libzip_version(), "BSD-3-Clause", ".npz");
    print_library("zlib", zlibVersion(), "Zlib", "compression");
    print_library("libcsv", "", "LGPL-2.1-or-later", ".csv");
#ifdef RG_CAIRO
    print_library("cairo", cairo_version_string(), "LGPL-2.1 or MPL-1.1", "PNG figures");
#endif
    print_library("Random123", "", "BSD-3-Clause", "random numbers, compiled in");
    puts("\nopened at run time, where they are installed:");
    print_library("libOpenCL", "", "BSD-2-Clause", "ocl-icd, the loader of OpenCL drivers");
    if (rg_ranks_built()) {
        print_library("libmpi", "", "BSD-3-Clause", "Open MPI, the ranks of mpirun");
    }
    print_library("CLBlast", "", "Apache-2.0", "wide products of an OpenCL device");
    print_library("OpenBLAS", "", "BSD-3-Clause", "wide products of the CPU");
}
