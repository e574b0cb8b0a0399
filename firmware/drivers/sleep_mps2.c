/* QEMU's machine has no power to save: time passes as the main loop goes round. */
#include "board.h"

#ifdef BOARD_FAMILY_MPS2_AN500

#include "drivers/sleep.h"

void sleep_begin(void)
{
}

void sleep_wait(void)
{
}

chip_clocks_t sleep_end(void)
{
    return chip_start_clocks();
}

#endif
