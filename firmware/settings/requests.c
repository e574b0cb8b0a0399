/* Both replies are the setting as it counts afterwards. */
#include "settings/requests.h"

#include "link/bytes.h"
#include "settings/settings.h"

static uint32_t reply_with(const link_message_t *request, uint32_t key)
{
    uint8_t *at = put_u32(request->reply, (uint32_t)settings_value(key));
    *at++ = settings_are_kept() ? 1 : 0;
    return link_size_since(request, at);
}

uint32_t settings_handle_read(link_session_t *session, const link_message_t *request)
{
    (void)session;
    const uint32_t key = get_u16(request->data);
    if (!settings_exists(key)) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, key);
    }
    return reply_with(request, key);
}

uint32_t settings_handle_write(link_session_t *session, const link_message_t *request)
{
    (void)session;
    const uint32_t key = get_u16(request->data);
    const int32_t value = get_i32(request->data + 2);
    switch (settings_change(key, value)) {
    case SETTINGS_UNKNOWN_KEY:
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, key);
    case SETTINGS_OUT_OF_RANGE:
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, (uint32_t)value);
    case SETTINGS_NOT_STORED:
        return link_refuse(request, LINK_ERROR_FLASH_FAILED, key);
    case SETTINGS_CHANGED:
        break;
    }
    return reply_with(request, key);
}
