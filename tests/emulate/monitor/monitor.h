/* What the files of the monitor share. */
#ifndef MONITOR_H
#define MONITOR_H

#include "chip.h"

#define MAGIC 0xB007B007u

/* Outlives a reset. With MAGIC the next start-up jumps into the ROM bootloader. */
extern volatile struct keep {
    uint32_t magic;
    uint32_t resets;
    uint32_t causes;
    uint32_t entry[4];
} keep;

extern volatile uint32_t svc_seen;
extern volatile float fpu_value;

/* Returns once the last byte has left: a reset loses what has not. */
void flush(void);
char get(void);
void run(char command);

#endif
