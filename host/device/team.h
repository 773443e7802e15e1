/* A team: several devices, each used by its own thread, that share one device underneath. When the members launch the
 * same kernel on buffers of the same sizes, the team makes one launch for all of them (rg_device_launch_all). Trainings
 * of models of one shape do that all the time. A member's results do not depend on the other members. */
#ifndef RG_TEAM_H
#define RG_TEAM_H

#include "device/device.h"

struct rg_team;

/* A team of n members on a device. The device must outlive the team, and nothing else may use it. */
rg_status rg_team_create(struct rg_device *device, size_t n, struct rg_team **out);
/* NULL allowed. All members must have left, and their buffers must be destroyed. */
void rg_team_destroy(struct rg_team *team);

/* Member i's device; the team owns it. It implements the ordinary device operations. Launches, writes and zeros wait
 * for the other members, so that all go in step. After rg_device_finish a member no longer waits: a training ends with
 * it, and what is measured afterwards differs from member to member. */
struct rg_device *rg_team_member(struct rg_team *team, size_t i);
/* The member's thread is done, or it never started. */
void rg_team_leave(struct rg_device *member);

/* Execute what the members queue until all have left. After the first command that fails, every later command fails
 * with the same status. */
rg_status rg_team_drive(struct rg_team *team);

#endif
