# Write the text of every file of a folder as C data, so that the binary carries it.
# usage: cmake -DFOLDER=kernels -DSUFFIXES=cl,h -DTABLE=kernel_sources -DOUT=kernel_sources.c -P embed.cmake
#
# The file defines rg_<TABLE>[], in byte order of the names (paths under FOLDER), and rg_n_<TABLE>; host/base/embedded.h
# declares them. Arrays rather than string literals, because C promises no more than 4,095 characters of a literal. A
# zero byte that `bytes` does not count ends each text.
cmake_minimum_required(VERSION 3.24)

string(REPLACE "," ";" suffixes "${SUFFIXES}")
list(TRANSFORM suffixes PREPEND "${FOLDER}/*.")
file(GLOB_RECURSE names RELATIVE ${FOLDER} ${suffixes})
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

file(WRITE ${OUT} "/* Made from the files of a folder by embed.cmake. */
#include \"base/embedded.h\"

${arrays}
const struct rg_embedded_file rg_${TABLE}[] = {
${table}};
const size_t rg_n_${TABLE} = ${n};
")
