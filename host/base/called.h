/* How every hint calls the program, so that a command in a message can be pasted. */
#ifndef RG_CALLED_H
#define RG_CALLED_H

#define RG_CALLED "./rnn-gpu"

#endif
