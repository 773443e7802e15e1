#!/bin/bash
# Data that cannot be learned from, by their contents: one line with file, row and column, exit code 4, and no trace. Files that
# only look odd are read.
# shellcheck source=lib.inc
. "${BASH_SOURCE[0]%/*}/lib.inc"
python3 - <<'PYTHON'
def write(name, text):
    open(name, "wb").write(text if isinstance(text, bytes) else text.encode())
rows = lambda columns, label: "".join("%d,%s,%s\n" % (i, ",".join("%d.5" % (i + c) for c in range(columns)), label(i)) for i in range(12))
yes_no = lambda i: "yes" if i % 2 else "no"
write("words.csv", "series,a,b,label\n" + rows(2, yes_no))
write("numbers.csv", "series,a,b,label\n" + rows(2, lambda i: i % 3))
write("values.csv", "series,a,b,label\n" + rows(2, lambda i: i / 7))
write("text.csv", "text,label\n" + "cat mat,yes\nrat,no\n" * 3)
# labels of one class; classes that training never saw
write("one_word.csv", "series,a,b,label\n" + rows(2, lambda i: "yes"))
write("one_number.csv", "series,a,b,label\n" + rows(2, lambda i: 1))
write("one_text.csv", "text,label\ncat,yes\nmat,yes\n")
write("new_word.csv", "series,a,b,label\n" + rows(2, lambda i: "maybe" if i == 4 else yes_no(i)))
write("new_number.csv", "series,a,b,label\n" + rows(2, lambda i: 5 if i == 4 else i % 3))
# validation data of other columns
write("fewer.csv", "series,a,label\n" + rows(1, yes_no))
write("more.csv", "series,a,b,c,label\n" + rows(3, yes_no))
write("others.csv", "series,a,c,label\n" + rows(2, yes_no))
write("unlabelled.csv", "series,a,b\n1,2,3\n")
# sequences shorter than the window; a vocabulary of one word
write("short.csv", "a,label\n" + "".join("%d.5,%d\n" % (i, i) for i in range(5)))
write("second.csv", "series,a,label\n" + "".join("1,%d.5,%d\n" % (i, i) for i in range(30)) + "2,1,2\n2,2,3\n")
write("a_word.txt", "a a a a a a\n")
write("a_letter.txt", "aaaaaaaa")
write("a_token.txt", "word")
# empty files
for name in ("empty.csv", "empty.txt", "empty.npz", "empty.npy", "empty-images-idx3-ubyte", "empty-labels-idx1-ubyte"):
    write(name, "")
write("blank.csv", "\n \t\r\n\n")
write("bom.csv", b"\xef\xbb\xbf")
write("header.csv", "series,a,label")
# line ends of every kind, blank lines, blanks around cells, no end of the last line
write("mixed.csv", b"series,a,label\r\n1, 2 ,no\n2,3,yes\r3,4\t,no\r\n\r\n \t\n4,5,yes\n\r5,\"6\",no\r\r6,3,yes")
write("mixed_bad.csv", b"series,a,label\r\n1,2,no\n2,3,yes\r\r\n3,x4,no\r\n")
write("mixed_row.csv", b"series,a,label\r1,2,no\n\n\r\n2,3\r3,4,no")
# bytes that are no text
write("nul.csv", b"series,a,label\n1,2,no\n2,3\0,yes\n")
write("nul.txt", b"hello\nwor\0ld\n")
write("latin.csv", b"series,a,label\n1,2,no\n2,3,y\xe9s\n")
write("utf16.csv", "series,a,label\n1,2,no\n".encode("utf-16"))
# a field longer than a block, and one that is quoted
write("long.csv", b"series,a,label\n1,2,no\n2," + b"7" * 200000 + b",yes\n")
write("long_quoted.csv", b"text,label\ncat,yes\n\"" + b"mat " * 50000 + b"\",no\n")
write("open_quote.csv", b"series,a,label\n1,2,no\n2,\"3,yes\n")
PYTHON
mkdir folder.csv
mkfifo pipe.csv
train=("$program" train --device cpu --updates 1 --hidden 3 --out new)

refused 4 'one_word\.csv: every label is .yes.; two classes' "${train[@]}" --data one_word.csv
refused 4 'one_text\.csv: every label is .yes.; two classes' "${train[@]}" --data one_text.csv
refused 4 'one_number\.csv: every label is the same class; two classes' "${train[@]}" --data one_number.csv
# what a user can do: the column by its name, the target that is not called label, the part of the data that is meant
printf 'series,a,state\n1,2,no\n2,3,yes\n' >state.csv
printf 'series,a,kind,label\n1,2,x,no\n2,3,y,yes\n' >kind.csv
printf ',series,a,label\n0,1,2,no\n1,2,3,yes\n' >numbered.csv
printf 'series,a,label\n1,inf,no\n2,3,yes\n' >inf.csv
refused 4 'state\.csv:2:5: .no. is not a number; leave the column .state. out, .*--target-column state$' "${train[@]}" --data state.csv
refused 4 'kind\.csv:2:5: .x. is not a number; leave the column .kind. out, or make it numbers$' "${train[@]}" --data kind.csv
refused 4 'inf\.csv:2:3: .inf. is not a number; a finite decimal number was expected$' "${train[@]}" --data inf.csv
refused 4 'state\.csv:2:5: .no. is not a number; leave the column .state. out' "${train[@]}" --data state.csv --window 1
refused 4 'words\.csv:2:[0-9]*: .* is not a number; a finite' "${train[@]}" --data words.csv --window 1
refused 4 'numbered\.csv:1:1: column 1 of the header has no name' "${train[@]}" --data numbered.csv
refused 4 'words\.csv: every label of the part that is trained on is the same class' "${train[@]}" --data words.csv --val-frac 0.99
for what in val test; do
    refused 4 'new_word\.csv:6:11: the label .maybe. is not one of the model.s 2 classes' "${train[@]}" --data words.csv --$what new_word.csv
    refused 4 'new_number\.csv: sequence 5 has the class 5; the training data, numbers\.csv, have 0 to 2' \
        "${train[@]}" --data numbers.csv --$what new_number.csv
    refused 4 'fewer\.csv:1:1: the column .b..* is missing' "${train[@]}" --data words.csv --$what fewer.csv
    refused 4 'more\.csv:1:12: the column .c. is none of the model.s 2 features: a, b$' "${train[@]}" --data words.csv --$what more.csv
    refused 4 'others\.csv:1:10: the column .c. is none' "${train[@]}" --data words.csv --$what others.csv
    refused 4 'unlabelled\.csv has no labels' "${train[@]}" --data words.csv --$what unlabelled.csv
    refused 4 'text\.csv:1:1: the file has texts; the columns .a. and others were expected' "${train[@]}" --data words.csv --$what text.csv
    refused 4 'words\.csv:1:1: the file has columns of numbers; text of words was expected' "${train[@]}" --data text.csv --$what words.csv
    refused 4 'values\.csv: --loss ce needs one label a sequence, a whole number' "${train[@]}" --data numbers.csv --$what values.csv
done
checked "labels of one class, classes that training never saw, other columns"

refused 4 'short\.csv: series 1 has 5 steps; --window 10 with --horizon 1 needs 11' "${train[@]}" --data short.csv --window 10
refused 4 'second\.csv: series .2. has 2 steps; --window 10' "${train[@]}" --data second.csv --window 10
refused 4 'a_word\.txt: every word is the same' "${train[@]}" --data a_word.txt --level word
refused 4 'a_letter\.txt: every character is the same' "${train[@]}" --data a_letter.txt
refused 4 'a_token\.txt: a text of one token' "${train[@]}" --data a_token.txt --level word
checked "series shorter than the window, a vocabulary of one word"

for name in empty.csv blank.csv bom.csv; do
    refused 4 "$name:[0-9]+:1: empty file; a header and at least one row were expected" "${train[@]}" --data $name
done
refused 4 'header\.csv:1:15: no rows after the header' "${train[@]}" --data header.csv
for name in empty.txt empty.npz empty.npy empty-images-idx3-ubyte; do
    refused 4 "$name: .*(empty|ends early)" "${train[@]}" --data $name
done
refused 4 'stdin:1:1: empty file' "${train[@]}" --data -
refused 4 'folder\.csv: .*regular file' "${train[@]}" --data folder.csv
refused 4 'pipe\.csv: .*regular file' "${train[@]}" --data pipe.csv
(timeout 5 sh -c ': >pipe.csv' &)
refused 4 'pipe\.csv: .*regular file' "${train[@]}" --data pipe.csv
# a stream that never ends: refused when its NUL has come, and not kept in memory for ever
command="a NUL in a pipe that stays open" got=0
timeout 10 "${train[@]}" --data - < <(printf 'series,a,label\n1,2,no\n\0' && exec sleep 15 2>/dev/null) >"$folder/stdout" 2>"$folder/stderr" || got=$?
[ "$got" -eq 4 ] || fail "exit $got, expected 4"
expect_line '^rnn-gpu: stdin:3:1: NUL byte' stderr
command="--data - with stdin closed" got=0
"${train[@]}" --data - >"$folder/stdout" 2>"$folder/stderr" <&- || got=$?
[ "$got" -eq 4 ] || fail "exit $got, expected 4"
expect_line '^rnn-gpu: stdin: cannot be read' stderr
checked "empty files, a folder, pipes, stdin that is empty or closed"

expect_status 0 "$program" train --device cpu --updates 1 --hidden 3 --data mixed.csv --dry-run
expect_line '6 sequences' stderr
refused 4 'mixed_bad\.csv:5:3: .x4. is not a number' "${train[@]}" --data mixed_bad.csv
refused 4 'mixed_row\.csv:5:4: the row ends after 2 of the header.s 3 columns' "${train[@]}" --data mixed_row.csv
refused 4 'nul\.csv:3:4: NUL byte' "${train[@]}" --data nul.csv
refused 4 'nul\.txt:2:4: byte 0x00' "${train[@]}" --data nul.txt
refused 4 'latin\.csv:3:6: byte 0xe9 is not UTF-8' "${train[@]}" --data latin.csv
refused 4 'utf16\.csv:1:1: byte 0xff is not UTF-8' "${train[@]}" --data utf16.csv
command="field.csv, 2 GB, most of which the disk does not store" got=0
printf 'series,a,label\n1,2,no\n2,' >field.csv
truncate -s 2G field.csv
"${train[@]}" --data field.csv >"$folder/stdout" 2>"$folder/stderr" </dev/null || got=$?
[ "$got" -eq 4 ] || fail "exit $got, expected 4"
expect_line '^rnn-gpu: field\.csv:3:3: NUL byte' stderr
rm field.csv
refused 4 'long\.csv:3:3: .7+\.\.\.. is beyond the largest double, 1\.8e308$' "${train[@]}" --data long.csv
printf 'series,a,label\n0,1e39,0\n1,2,1\n' >wide.csv
refused 4 'wide\.csv:2:3: .1e39. is beyond the largest float, 3\.4e38; --precision double takes more$' "${train[@]}" --data wide.csv
refused 4 'open_quote\.csv:3:3: a quote is opened in this cell and never closed' "${train[@]}" --data open_quote.csv
expect_status 0 "$program" train --device cpu --updates 1 --hidden 3 --data long_quoted.csv --steps 3
checked "line ends of every kind, bytes that are no text, long fields"

# stdin is read once
again=(sweep --device cpu --updates 1 --hidden 3 --data -)
refused 2 'each seed or fold reads the data again.*stdin, .-., is read once' "$program" "${again[@]}" --seed 1-2 --val-frac 0.2
refused 2 'each seed or fold reads the data again' "$program" "${again[@]}" --fold 1-2
refused 2 'each seed or fold reads the data again' "$program" compare --device cpu --data - --seeds 2 --val-frac 0.2
expect_status 2 "$program" "${again[@]}" --seed 1-2 --out kept
expect_line '^rnn-gpu: --out kept keeps results by the contents of the data, and stdin' stderr
checked "stdin where the data are read again"
