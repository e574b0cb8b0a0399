/**
 * @file edgel3_kernels.h
 * @brief Portable int8 kernels, bit-exact with TFLite Micro's reference kernels (double rounding).
 *
 * Tensors are int8, batch 1, row-major (height, width, channels): the last axis is contiguous. A real value is
 * scale * (q - zero_point). An output is clamp(requantize(accumulator) + output_zero_point, activation_min,
 * activation_max), see kernels/requantize.h. Accumulators are int32; they and their scaled values never overflow for
 * networks that edgel3_deploy.graph.reader accepts.
 *
 * Parameters are constant and live in flash; the generator initialises them by name (designated initialisers).
 * No kernel keeps state, allocates or calls anything but memcpy, memmove and memset.
 */
#ifndef EDGEL3_KERNELS_H
#define EDGEL3_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A two-dimensional convolution. All sizes are positive; kernels, strides and channel counts are arbitrary. */
typedef struct {
    const int8_t *weights;      /**< (output_channels, kernel_height, kernel_width, input_channels), pack_weights() */
    const int32_t *bias;        /**< per output channel: bias - input_zero_point * sum(weights), pack_bias() */
    const int32_t *multiplier;  /**< per output channel, Q31 in [2^30, 2^31), or 0 */
    const int32_t *shift;       /**< per output channel, -31..30; positive shifts left before the multiplication */
    int32_t input_height;
    int32_t input_width;
    int32_t input_channels;
    int32_t kernel_height;
    int32_t kernel_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t padding_top;        /**< rows of padding above the input; below it as many as the output needs */
    int32_t padding_left;       /**< columns of padding before the input; behind it as many as the output needs */
    int32_t output_height;
    int32_t output_width;
    int32_t output_channels;
    int32_t input_zero_point;   /**< what padding reads as, -128..127 */
    int32_t output_zero_point;  /**< -128..127 */
    int32_t activation_min;     /**< -128..127 */
    int32_t activation_max;     /**< -128..127, not below activation_min */
} edgel3_conv2d_params_t;

/** A two-dimensional max pooling. Padding never enters the maximum; every window covers at least one input. */
typedef struct {
    int32_t input_height;
    int32_t input_width;
    int32_t channels;
    int32_t window_height;
    int32_t window_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t output_height;
    int32_t output_width;
    int32_t activation_min;
    int32_t activation_max;
} edgel3_max_pool2d_params_t;

/** A fully connected layer over a flattened input. */
typedef struct {
    const int8_t *weights;      /**< (output_size, input_size), pack_weights() */
    const int32_t *bias;        /**< per output: bias - input_zero_point * sum(weights), pack_bias() */
    const int32_t *multiplier;  /**< per output, Q31 in [2^30, 2^31), or 0 */
    const int32_t *shift;       /**< per output, -31..30; positive shifts left before the multiplication */
    int32_t input_size;
    int32_t output_size;
    int32_t output_zero_point;
    int32_t activation_min;
    int32_t activation_max;
} edgel3_fully_connected_params_t;

/**
 * Convolve `input` into `output`.
 *
 * @param params  constants of the layer
 * @param input   input_height * input_width * input_channels bytes
 * @param output  output_height * output_width * output_channels bytes, not overlapping `input`
 * @param scratch edgel3_conv2d_s8_scratch_size(params) bytes, any alignment, overlapping neither; its content is lost
 */
void edgel3_conv2d_s8(const edgel3_conv2d_params_t *params, const int8_t *input, int8_t *output, int8_t *scratch);

/** Bytes of scratch that edgel3_conv2d_s8() needs; edgel3_deploy.plan.pack.scratch_bytes() gives the same offline. */
uint32_t edgel3_conv2d_s8_scratch_size(const edgel3_conv2d_params_t *params);

/**
 * Take maxima over windows of `input` into `output`.
 *
 * @param params constants of the layer
 * @param input  input_height * input_width * channels bytes
 * @param output output_height * output_width * channels bytes; may start where `input` starts (in place) if both paddings
 *               are 0, else it must not overlap
 */
void edgel3_max_pool2d_s8(const edgel3_max_pool2d_params_t *params, const int8_t *input, int8_t *output);

/**
 * Multiply a flat input by a matrix.
 *
 * @param params constants of the layer
 * @param input  input_size bytes
 * @param output output_size bytes, not overlapping `input`
 */
void edgel3_fully_connected_s8(const edgel3_fully_connected_params_t *params, const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif
