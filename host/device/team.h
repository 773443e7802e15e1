/* A team: one device behind several, each of them for a thread of its own. What the threads launch is put together:
 * where they launch the same kernel on buffers of the same sizes, as trainings of models of one shape do again and
 * again, that is one launch for all of them (rg_device_launch_all). Nobody's results depend on who else is in the team.
 */
#ifndef RG_TEAM_H
#define RG_TEAM_H

#include "device/device.h"

struct rg_team;

/* A team of n members on a device, which must outlive it and is used by nothing else. */
rg_status rg_team_create(struct rg_device *device, size_t n, struct rg_team **out);
/* NULL allowed; all members have left, their buffers are destroyed. */
void rg_team_destroy(struct rg_team *team);

/* A member's device, the team's own; its ways are those of any device. Launches, writes and zeros wait for the other
 * members to come as far, so that they go in step; rg_device_finish ends that for its caller, whose later commands are
 * done at once: a training ends with it, and what is measured after it differs from member to member. */
struct rg_device *rg_team_member(struct rg_team *team, size_t i);
/* The member's thread is done, or never began. */
void rg_team_leave(struct rg_device *member);

/* Do what the members queue until all have left; RG_OK, or the first command that failed, which every later command of
 * a member fails with too. */
rg_status rg_team_drive(struct rg_team *team);

#endif
