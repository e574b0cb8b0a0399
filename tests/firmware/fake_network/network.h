/** @file network.h @brief Sizes of the stand-in network. */
#ifndef NETWORK_H
#define NETWORK_H

#define EDGEL3_NET_INPUT_SIZE 1300
#define EDGEL3_NET_OUTPUT_SIZE 700
#define EDGEL3_NET_LAYER_COUNT 3
#define EDGEL3_NET_CONSOLE 1
#define EDGEL3_NET_OUTPUT_NANO 12500000LL
#define EDGEL3_NET_OUTPUT_ZERO_POINT (-3)

#endif
