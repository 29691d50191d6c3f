// Answers of the commands that ask. All of it REQUIRES the world's lock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "device.h"

namespace fake_verbs {

// `name=value ...`, summed over the devices: all of counters.h and live objects, or those that are named. Returns what
// is wrong, or nothing.
std::string report_counts(const std::vector<Device *> &devices, const std::vector<std::string_view> &names,
                          std::string &report);
std::string report_queue_pairs(const std::vector<Device *> &devices);
std::string report_packets(const std::vector<Device *> &devices);

}  // namespace fake_verbs
