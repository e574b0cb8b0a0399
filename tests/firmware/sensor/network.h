/** @file network.h @brief Sizes of the sensor's stand-in network, whose input is that of sea's front end. */
#ifndef NETWORK_H
#define NETWORK_H

#define EDGEL3_NET_INPUT_SIZE 3200
#define EDGEL3_NET_OUTPUT_SIZE 700
#define EDGEL3_NET_LAYER_COUNT 2
#define EDGEL3_NET_LABEL_COUNT TEST_LABELS
#define EDGEL3_NET_FRONT_END 1
#define EDGEL3_NET_CONSOLE 1
#define EDGEL3_NET_OUTPUT_NANO 12500000LL
#define EDGEL3_NET_OUTPUT_ZERO_POINT (-3)

#endif
