/* Bounds: an interval has at most 43,200 seconds of ten windows each. Its share is rounded to the nearest percent. */
#include "edgel3.h"

#if EDGEL3_FRONT_END

#include "application/summaries.h"
#include "boot/mailbox.h"
#include "link/summary.h"
#include "settings/settings.h"

static const uint32_t LABELS =
    EDGEL3_LABEL_COUNT < SUMMARY_MAX_LABELS ? EDGEL3_LABEL_COUNT : SUMMARY_MAX_LABELS;

static uint8_t newest[SUMMARY_MAX_SIZE];
static uint32_t size, made, windows;
/* Windows in which each label was on. */
static uint32_t on[SUMMARY_MAX_LABELS];

void summaries_start(void)
{
    made = 0;
    size = 0;
    summaries_begin();
}

void summaries_begin(void)
{
    windows = 0;
    for (uint32_t i = 0; i < SUMMARY_MAX_LABELS; i++) {
        on[i] = 0;
    }
}

void summaries_count(const head_state_t *state)
{
    windows++;
    for (uint32_t i = 0; i < LABELS; i++) {
        on[i] += state->present[i] ? 1u : 0u;
    }
}

void summaries_add(const interval_t *interval)
{
    summary_t summary = {
        .values =
            {
                [SUMMARY_NODE_ID] = settings_value(SETTING_NODE_ID),
                [SUMMARY_SEQUENCE] = made & 0xFFFFu,
                [SUMMARY_TIME] = interval->seconds,
                [SUMMARY_LAEQ] = interval->levels.laeq,
                [SUMMARY_LAFMAX] = interval->levels.lafmax,
                [SUMMARY_L10] = interval->levels.l10,
                [SUMMARY_L50] = interval->levels.l50,
                [SUMMARY_L90] = interval->levels.l90,
                [SUMMARY_SAMPLES_LOST] = interval->lost ? 1 : 0,
                [SUMMARY_RESET_CAUSE] = mailbox_content()->cause,
                [SUMMARY_TEMPERATURE] = SUMMARY_ABSENT,
                [SUMMARY_SUPPLY] = SUMMARY_ABSENT,
            },
        .label_count = windows > 0 ? LABELS : 0,
    };
    for (uint32_t i = 0; i < summary.label_count; i++) {
        summary.shares[i] = (uint8_t)((200u * on[i] + windows) / (2u * windows));
    }
    size = summary_encode(&summary, newest);
    made++;
    summaries_begin();
}

uint32_t summaries_made(void)
{
    return made;
}

uint32_t summaries_newest(const uint8_t **payload)
{
    *payload = newest;
    return size;
}

#endif
