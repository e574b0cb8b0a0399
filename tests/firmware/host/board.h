/*
 * A small board for firmware that is compiled for the host: 44 KB of flash in sectors of 4 KB, the first of them the loader's
 * and the last two the settings'. HOST_SLOTS says how many slots the rest is divided into; with 0 it is a bare image.
 */
#ifndef BOARD_H
#define BOARD_H

#define BOARD_NAME "host"
#define BOARD_FLASH_SECTORS                                                                                            \
    {                                                                                                                  \
        {0x08000000u, 4096u}, {0x08001000u, 4096u}, {0x08002000u, 4096u}, {0x08003000u, 4096u}, {0x08004000u, 4096u}, \
            {0x08005000u, 4096u}, {0x08006000u, 4096u}, {0x08007000u, 4096u}, {0x08008000u, 4096u},                    \
            {0x08009000u, 4096u}, {0x0800A000u, 4096u},                                                                \
    }
#define BOARD_SLOT_COUNT HOST_SLOTS
#if HOST_SLOTS == 1
#define BOARD_SLOTS {{0x08001000u, 32768u}}
#elif HOST_SLOTS == 2
#define BOARD_SLOTS {{0x08001000u, 16384u}, {0x08005000u, 16384u}}
#endif
#if HOST_SLOTS > 0
#define BOARD_SETTINGS {0x08009000u, 8192u}
#endif

#endif
