/* QEMU's mps2-an500: fixed clocks, no power control, no identity. */
#include "board.h"

#ifdef BOARD_FAMILY_MPS2_AN500

#include "drivers/chip.h"

void chip_power_memories(void)
{
}

chip_clocks_t chip_start_clocks(void)
{
    return (chip_clocks_t){.cpu_hz = BOARD_CPU_HZ, .apb1_hz = BOARD_CPU_HZ, .apb2_hz = BOARD_CPU_HZ};
}

chip_clocks_t chip_stop_clocks(void)
{
    return chip_start_clocks();
}

uint32_t chip_device_id(void)
{
    return 0;
}

link_reset_cause_t chip_take_reset_cause(void)
{
    return LINK_RESET_UNKNOWN;
}

#endif
