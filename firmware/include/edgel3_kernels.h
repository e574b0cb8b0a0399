/**
 * @file edgel3_kernels.h
 * @brief Fast exact int8 kernels: what the generated network.c calls.
 *
 * Every kernel gives TFLite Micro's int8 result bit for bit as long as the bounds hold that
 * edgel3_deploy/plan/bounds.py checks when the network is generated. Kernels work on rows: a call computes a
 * range of output rows from maps that are whole or rings of their last rows, so that producer and consumer
 * can take turns and no large map need exist whole. None of them allocates, blocks or keeps state between
 * calls.
 */
#ifndef EDGEL3_KERNELS_H
#define EDGEL3_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "edgel3_attributes.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An int8 feature map (height, width, channels); row y is at data + (y % ring) * width * channels. */
typedef struct {
    int8_t *data;
    int32_t ring;   /**< rows held in memory: the height, or fewer for a ring */
    int32_t height; /**< rows of the whole map */
    int32_t width;
    int32_t channels;
} edgel3_map_t;

/** How accumulators become int8; the generator picks the cheapest that is exact for a layer. */
typedef enum {
    EDGEL3_REQUANTIZE_RECTIFIED, /**< as ROUNDED, with output zero point -128 and no clamp but int8's */
    EDGEL3_REQUANTIZE_ROUNDED,   /**< shift in -22..-1, |2 acc| < 2^31, any zero point and clamp */
    EDGEL3_REQUANTIZE_GENERAL    /**< any multiplier and shift of TFLite */
} edgel3_requantize_t;

/** Constants of one output channel. */
typedef struct {
    int32_t bias;       /**< bias of the accumulator, in the units of the kernel (see its packer) */
    int32_t multiplier; /**< TFLite's quantized multiplier */
    int32_t rounding;   /**< 2^(-shift - 1) + output zero point * 2^-shift; unused by the general form */
    int32_t shift;      /**< -shift, at least 1; the general form: TFLite's shift itself */
} edgel3_channel_t;

/** A convolution as the generator packs it. Fields that a kernel does not name are ignored by it. */
typedef struct {
    const void *weights;              /**< packed for the kernel */
    const edgel3_channel_t *channels; /**< one per output channel */
    const int32_t (*corrections)[4];  /**< F(4x4,3x3) only: lane offsets in four outputs of a tile */
    const void *resident;             /**< Winograd only: RAM with the transformed weights of the channels
                                           behind the stored ones; see edgel3_conv_f44_start() */
    void *products;                   /**< Winograd only: RAM for the sums and the weights in flight, of
                                           edgel3_conv_f44_products() bytes, or NULL: they follow the tiles
                                           in the scratch. For tiles that leave them no room there */
    int32_t input_zero_point;         /**< value of the padding */
    int32_t output_zero_point;
    int32_t activation_min;
    int32_t activation_max;
    edgel3_requantize_t requantize;
    int16_t kernel_height, kernel_width; /**< direct kernel only */
    int16_t stride_height, stride_width; /**< direct kernel only */
    int16_t padding_top, padding_left;   /**< direct and one-channel kernels only */
    int16_t stored_channels;             /**< Winograd only: even number of first channels with weights stored
                                              transformed (int16); those of the others are int8 */
    int16_t resident_channels;           /**< Winograd only: even number of channels behind those, or all of
                                              them, whose weights `resident` holds transformed */
    bool pooled;                         /**< Winograd only: 2x2 maximum, stride 2, on the way */
} edgel3_conv_t;

/** Row y of a map, wherever the ring holds it. */
static inline int8_t *edgel3_row(const edgel3_map_t *map, int32_t y)
{
    return map->data + (y % map->ring) * map->width * map->channels;
}

/**
 * 3x3, stride 1, padding 1, as Winograd F(4x4,3x3): output tile rows [first, last) of 4 rows (2 when pooled).
 *
 * @param input  rows 4 * first - 1 .. 4 * last must be present where the map has them
 * @param output ring must be the height or a multiple of 4 (2 when pooled)
 * @param scratch edgel3_conv_f44_scratch() bytes, 8-byte aligned
 * @param blocks tiles in flight, in fours: the more, the more seldom weights are transformed on the fly
 */
EDGEL3_HOT
void edgel3_conv_f44(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output,
                     int32_t first, int32_t last, void *scratch, int32_t blocks);

/**
 * Bytes of scratch of edgel3_conv_f44; `stored` if all channels are stored transformed or resident. With
 * conv->products those of edgel3_conv_f44_products() less.
 */
uint32_t edgel3_conv_f44_scratch(int32_t input_channels, int32_t blocks, bool stored);

/** Bytes of conv->products, 8-byte aligned. */
uint32_t edgel3_conv_f44_products(int32_t input_channels, bool stored);

/** Transforms the weights of conv->resident_channels channels into `resident`, which conv->resident is to name. */
void edgel3_conv_f44_start(const edgel3_conv_t *conv, int32_t input_channels, void *resident);

/** Bytes of RAM, 8-byte aligned, that edgel3_conv_f44_start fills for so many channels. */
uint32_t edgel3_conv_f44_resident(int32_t input_channels, int32_t resident_channels);

/** 3x3, stride 1, padding 1, as Winograd F(2x2,3x3): tile rows [first, last) of 2 rows (1 when pooled). */
EDGEL3_HOT
void edgel3_conv_f22(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output,
                     int32_t first, int32_t last, void *scratch, int32_t blocks);

/** Bytes of scratch of edgel3_conv_f22, alike. */
uint32_t edgel3_conv_f22_scratch(int32_t input_channels, int32_t blocks, bool stored);

/** As edgel3_conv_f44_products. */
uint32_t edgel3_conv_f22_products(int32_t input_channels, bool stored);

/** As edgel3_conv_f44_start. */
void edgel3_conv_f22_start(const edgel3_conv_t *conv, int32_t input_channels, void *resident);

/** As edgel3_conv_f44_resident. */
uint32_t edgel3_conv_f22_resident(int32_t input_channels, int32_t resident_channels);

/** Any kernel size, stride and padding: output rows [first, last). 1x1 convolutions are a case of it. */
EDGEL3_HOT
void edgel3_conv_direct(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output,
                        int32_t first, int32_t last, void *scratch);

/** Bytes of scratch of edgel3_conv_direct. */
uint32_t edgel3_conv_direct_scratch(int32_t kernel_height, int32_t kernel_width, int32_t input_channels);

/** 3x3, stride 1, one input channel: output rows [first, last). */
EDGEL3_HOT
void edgel3_conv_mono(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output,
                      int32_t first, int32_t last, void *scratch);

/** Bytes of scratch of edgel3_conv_mono for an output of this width. */
uint32_t edgel3_conv_mono_scratch(int32_t width);

/** Fully connected: input (features), output (one per channel of `layer`). */
EDGEL3_HOT
void edgel3_fully_connected(const edgel3_conv_t *layer, const int8_t *input, int32_t features, int8_t *output,
                            int32_t outputs, void *scratch);

/** Bytes of scratch of edgel3_fully_connected. */
uint32_t edgel3_fully_connected_scratch(int32_t features);

/** 2x2 maximum, stride 2, no padding: output rows [first, last); may run in place. */
EDGEL3_HOT void edgel3_max_pool_2x2(const edgel3_map_t *input, const edgel3_map_t *output, int32_t first, int32_t last);

/** Maximum over all positions of a whole map: `channels` bytes. */
EDGEL3_HOT void edgel3_max_pool_global(const edgel3_map_t *input, int8_t *output);

/** The same as rows [first, last) come: row 0 starts the running maxima in `output`, the last row ends them. */
EDGEL3_HOT void edgel3_max_pool_global_rows(const edgel3_map_t *input, int8_t *output, int32_t first, int32_t last);

/** A max pooling of any window, stride and padding; padding never enters the maximum. */
typedef struct {
    int16_t window_height, window_width;
    int16_t stride_height, stride_width;
    int16_t padding_top, padding_left;
    int8_t activation_min, activation_max;
} edgel3_max_pool_t;

/** Maximum over windows of a whole map, every one of which covers at least one input; in place if no padding. */
EDGEL3_HOT void edgel3_max_pool_any(const edgel3_max_pool_t *pool, const edgel3_map_t *input, const edgel3_map_t *output);

#ifdef __cplusplus
}
#endif

#endif
