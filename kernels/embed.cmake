# Write the text of every kernel file as C data, so that the binary carries it.
# usage: cmake -DFOLDER=kernels -DOUT=kernel_sources.c -P embed.cmake
#
# The file defines rg_kernel_sources[], in byte order of the names (paths under FOLDER), and rg_n_kernel_sources. Arrays
# rather than string literals, because C promises no more than 4,095 characters of a literal. A zero byte that `bytes`
# does not count ends each text.
cmake_minimum_required(VERSION 3.24)

file(GLOB_RECURSE names RELATIVE ${FOLDER} ${FOLDER}/*.cl ${FOLDER}/*.h)
list(SORT names)
set(arrays "")
set(table "")
set(n 0)
foreach(name IN LISTS names)
    file(READ ${FOLDER}/${name} text HEX)
    string(LENGTH "${text}" digits)
    math(EXPR bytes "${digits} / 2")
    string(REGEX REPLACE "(..)" "0x\\1," text "${text}")
    string(APPEND arrays "static const unsigned char text_${n}[] = {${text}0};\n")
    string(APPEND table "    {\"${name}\", text_${n}, ${bytes}},\n")
    math(EXPR n "${n} + 1")
endforeach()

file(WRITE ${OUT} "/* Made from the files of kernels/ by embed.cmake. */
#include <stddef.h>

struct rg_kernel_source {
    const char *name;
    const unsigned char *text;
    size_t bytes;
};
extern const struct rg_kernel_source rg_kernel_sources[];
extern const size_t rg_n_kernel_sources;

${arrays}
const struct rg_kernel_source rg_kernel_sources[] = {
${table}};
const size_t rg_n_kernel_sources = ${n};
")
