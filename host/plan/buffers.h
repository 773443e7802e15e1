/* Every buffer of an engine, one row each. The engine's members, their creation and destruction, and the bytes that the
 * plan counts are made from these rows.
 *
 *   X(name, times, unit, elements, exists, what)
 *
 *   name      of the member of struct rg_buffers
 *   times     ONE; LAYERS, one each; SCANS, one for each layer and direction; PAIR, two
 *   unit      bytes of an element: REAL, a number of the device, or a size
 *   elements  an expression of the plan `p`, such as rows * stride; steps of `chunk` sequences are the outer dimension
 *   exists    an expression of `p`, and of `i`: the layer of LAYERS and SCANS, the number in a PAIR
 *   what      for messages when memory is short
 *
 * Letters as in kernels/base/args.h; R = p->alloc_steps, T'' = p->target_alloc_steps (1 or R). Rows of states, saved
 * values and deltas end with some padding: p->out_stride is D*Hp and padding, p->d_stride max(saved, deltas)*Hp and
 * padding. */
#ifndef RG_BUFFERS_H
#define RG_BUFFERS_H

#include "kernels/base/args.h"
#include "plan/plan.h"

enum { RG_HISTORY = 256 }; /* updates whose loss and norm the device keeps */

/* clang-format off */
#define RG_BUFFERS(X) \
    /* Parameters: [arena], in the layout of the model's table. */ \
    X(weights,   ONE,    REAL, p->arena, true, "the weights") \
    X(gradients, ONE,    REAL, p->arena, p->training, "the gradients") \
    X(packed,    ONE,    REAL, p->packed, true, "the packed weights") \
    X(partial,   ONE,    REAL, p->partial, p->training, "partial gradients") \
    /* Data: x [R][chunk][Fp]; words [R][chunk], 1 + a word's number, 0 before a start; begin [chunk]. */ \
    X(x,         ONE,    REAL, p->alloc_steps * p->chunk * p->layer[0].x_stride, true, "the inputs") \
    X(words,     ONE,    REAL, p->alloc_steps * p->chunk, p->words > 0, "the words") \
    X(begin,     ONE,    sizeof(rg_u32), p->chunk, true, "starts of sequences") \
    X(y,         ONE,    REAL, p->target_alloc_steps * p->chunk * p->n_targets, true, "the targets") \
    /* Scans: the states [R][chunk][D*Hp], before and after dropout; saved [R][chunk][saved][Hp]; with initial states two
     * steps more. gate [T][chunk][RG_GATE_VALUES], with a learned skip. */ \
    X(out,       LAYERS, REAL, p->state_steps * p->chunk * p->out_stride, true, "the states") \
    X(dropped,   LAYERS, REAL, p->alloc_steps * p->chunk * p->out_stride, p->dropout && i + 1 < p->layers, \
      "the states after dropout") \
    X(saved,     SCANS,  REAL, p->state_steps * p->chunk * p->d_stride, p->saved > 0, "the gates") \
    X(gate,      SCANS,  REAL, p->steps * p->chunk * RG_GATE_VALUES, rg_plan_learned(p), "the update gates") \
    /* Reverse scans: d [R][chunk][deltas][Hp] of cells that save nothing, else the deltas overwrite `saved`. dout
     * [R][chunk][D*Hp], dL/dout of the layers below the last, in turns; of the last one where the head reads all steps.
     * dx [R][chunk][plan.dx_stride], dL/dx of embedded words. carry [carried][max(skip, 1)][chunk][Hp]. */ \
    X(d,         PAIR,   REAL, p->alloc_steps * p->chunk * p->d_stride, \
      p->training && p->saved == 0 && i < p->directions, "the state gradients") \
    X(dout,      PAIR,   REAL, p->alloc_steps * p->chunk * p->out_stride, \
      p->training && (p->layers > 1 || (p->readout != RG_READOUT_LAST && i == 1)), "the gradients between layers") \
    X(dx,        ONE,    REAL, p->alloc_steps * p->chunk * p->dx_stride, p->training && p->words > 0, \
      "the gradients of the inputs") \
    /* The words of a segment sorted by their share of the table, see kernels/data/embed.cl: order [R][chunk], and what the \
     * sort needs. */ \
    X(order,     ONE,    sizeof(rg_u32), p->alloc_steps * p->chunk, p->training && p->words > 0, "the order of words") \
    X(sorting,   ONE,    sizeof(rg_u32), 3 * p->word_ranges * p->word_shares + p->word_shares + 1, \
      p->training && p->words > 0, "the sort of words") \
    X(carry,     ONE,    REAL, rg_plan_carry(p) * p->chunk, p->training, "what the cells carry back") \
    /* States in which sequences end and those of the next update start, [2][L*D][batch][H]: update u starts from the
     * part u % 2 and leaves its end in the other. */ \
    X(carried_h, ONE,    REAL, 2 * p->layers * p->directions * p->batch * p->hidden, p->stateful, \
      "the states between updates") \
    X(carried_c, ONE,    REAL, 2 * p->layers * p->directions * p->batch * p->hidden, p->stateful && p->keeps_saved, \
      "the states between updates") \
    /* dL/dh_0 and dL/dc_0: [L*D][batch][Hp]. */ \
    X(dh_0,      ONE,    REAL, p->layers * p->directions * p->batch * p->h_stride, \
      p->training && p->initial_gradient, "the gradients of h_0") \
    X(dc_0,      ONE,    REAL, p->layers * p->directions * p->batch * p->h_stride, \
      p->training && p->initial_gradient, "the gradients of c_0") \
    /* Border states, kept where a segment of time meets the next: of each segment the states and, where the cell needs
     * them, saved values [n_segments][halo][chunk]; deltas and carry [delta_borders]. */ \
    X(border_states, SCANS, REAL, p->n_segments * p->halo * p->chunk * p->out_stride, p->halo > 0, \
      "states between segments") \
    X(border_saved,  SCANS, REAL, p->n_segments * p->halo * p->chunk * p->d_stride, p->halo > 0 && p->keeps_saved, \
      "gates between segments") \
    X(border_deltas, SCANS, REAL, p->delta_borders * p->halo * p->chunk * p->d_stride, p->halo > 0 && p->training, \
      "state gradients between segments") \
    X(border_carry,  SCANS, REAL, p->delta_borders * rg_plan_carry(p) * p->chunk, p->halo > 0 && p->training, \
      "what is carried between segments") \
    /* Head and loss: what it reads of all steps, read and notes [chunk][D*Hp] (readout.h); outputs z and dz
     * [T''][chunk][Op]; dhead [T''][chunk][D*Hp]; row_loss [batch][2], a sequence's loss and its rounding rest. */ \
    X(read,      ONE,    REAL, p->chunk * p->out_stride, p->readout != RG_READOUT_LAST, "what the head reads") \
    X(notes,     ONE,    REAL, p->chunk * p->out_stride, p->readout != RG_READOUT_LAST, "what the head reads") \
    X(z,         ONE,    REAL, p->target_alloc_steps * p->chunk * p->o_stride, true, "the outputs") \
    X(dz,        ONE,    REAL, p->target_alloc_steps * p->chunk * p->o_stride, p->training, "the output gradients") \
    X(dhead,     ONE,    REAL, p->target_alloc_steps * p->chunk * p->out_stride, p->training, \
      "the gradients below the head") \
    X(row_loss,  ONE,    REAL, 2 * p->batch, p->training, "the losses") \
    /* Norm and optimiser; `unused` stands where a kernel takes a buffer that it will not touch. */ \
    X(norms,     ONE,    REAL, RG_NORM_PARTIAL * p->norm_groups, p->training, "partial norms") \
    X(control,   ONE,    sizeof(struct rg_control), 1, p->training, "the control block") \
    X(history,   ONE,    sizeof(struct rg_record), RG_HISTORY, p->training, "the history") \
    X(unused,    ONE,    REAL, 1, true, "a placeholder")
/* clang-format on */

/* The member for a row: name, name[RG_MAX_LAYERS], name[RG_MAX_LAYERS][2], name[2]. */
#define RG_DIMENSIONS_ONE
#define RG_DIMENSIONS_LAYERS [RG_MAX_LAYERS]
#define RG_DIMENSIONS_SCANS [RG_MAX_LAYERS][2]
#define RG_DIMENSIONS_PAIR [2]
#define RG_BUFFER_MEMBER(name, times, ...) struct rg_buffer *name RG_DIMENSIONS_##times;

struct rg_buffers {
    RG_BUFFERS(RG_BUFFER_MEMBER)
};

/* Bytes of all buffers of a plan. */
uint64_t rg_buffers_bytes(const struct rg_plan *plan);
/* What a sequence of the chunk adds to the buffer to which it adds most, in bytes. */
uint64_t rg_buffers_widest_row(const struct rg_plan *plan);

/* Create the buffers that exist for a plan; the others stay NULL. After a failure rg_plan_buffers_destroy takes back
 * those that were made. */
rg_status rg_plan_buffers_create(struct rg_device *device, const struct rg_plan *plan, struct rg_buffers *buffers);
void rg_plan_buffers_destroy(struct rg_device *device, struct rg_buffers *buffers);

#endif
