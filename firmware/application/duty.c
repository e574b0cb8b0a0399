/* Wakings keep their beat: each is a cycle behind the last one, however long its window was computed. */
#include "edgel3.h"

#if EDGEL3_FRONT_END

#include "application/duty.h"

#include "drivers/sleep.h"
#include "settings/settings.h"

enum {
    /** A sleep of less than this part of a second is not worth changing clocks for. */
    SHORTEST_PART = 4,
    /** Seconds that a waking waits at most for requests under way: changing clocks could cost a byte. */
    PATIENCE = 1,
};

static duty_clock_t clock;
static uint64_t woken_at, stopped_at;
static bool is_slow;

static uint64_t cycle(void)
{
    return (uint64_t)(uint32_t)settings_value(SETTING_DUTY_CYCLE) * clock.counter_hz;
}

void duty_begin(const duty_clock_t *with)
{
    clock = *with;
    is_slow = false;
    woken_at = clock.read_counter();
    stopped_at = woken_at;
}

bool duty_is_set(void)
{
    return settings_value(SETTING_DUTY_CYCLE) > 0;
}

void duty_note_stop(void)
{
    stopped_at = clock.read_counter();
}

bool duty_sleep(void)
{
    const uint64_t now = clock.read_counter();
    const uint64_t wake_at = woken_at + cycle();
    const bool is_quiet = clock.is_quiet();
    if (now >= wake_at) {
        return !is_slow || is_quiet || now - wake_at > (uint64_t)PATIENCE * clock.counter_hz;
    }
    if (is_slow) {
        sleep_wait();
    } else if (is_quiet && wake_at - now > clock.counter_hz / SHORTEST_PART) {
        is_slow = true;
        sleep_begin();
    }
    return false;
}

uint64_t duty_end(chip_clocks_t *clocks)
{
    if (is_slow) {
        *clocks = sleep_end();
        is_slow = false;
    }
    const uint64_t now = clock.read_counter();
    const uint64_t next = woken_at + cycle();
    woken_at = now >= next && now - next < cycle() ? next : now;
    return now - stopped_at;
}

#endif
