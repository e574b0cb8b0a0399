/* The memory of the front end. */
#include "network.h"

#if EDGEL3_NET_FRONT_END

#include "application/stream.h"

static front_end_t front_end;
static front_end_frame_levels_t levels[FRONT_END_INNER];

front_end_t *const edgel3_front_end = &front_end;

void stream_start(void)
{
    front_end_start(&front_end, levels);
}

#endif
