/**
 * @file fault.h
 * @brief What the firmware does when it faults: report the registers over the link, then wait to be reset.
 */
#ifndef EDGEL3_STARTUP_FAULT_H
#define EDGEL3_STARTUP_FAULT_H

/** Exception entry of HardFault and of every exception that should not happen. */
void fault_entry(void);

/** SysTick's exception entry: a fault too, unless the counter defines its own. */
void systick_handler(void);

#endif
