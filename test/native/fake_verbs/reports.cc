#include "reports.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "heap.h"
#include "world.h"

namespace fake_verbs {

namespace {

struct NamedCount {
  std::string_view name;
  uint64_t value;
};

// Live objects by kind, and what is outstanding.
std::vector<NamedCount> live(const Device &device) {
  NamedCount contexts{"contexts", device.contexts.size()};
  NamedCount pds{"pds", 0}, mrs{"mrs", 0}, ahs{"ahs", 0}, channels{"channels", 0}, cqs{"cqs", 0}, queue_pairs{"qps", 0};
  NamedCount sends{"outstanding_sends", 0}, receives{"outstanding_receives", 0}, unpolled{"unpolled_completions", 0};
  NamedCount before_arming{"before_arming", 0};
  NamedCount unread{"unread_cq_events", 0}, unacknowledged{"unacknowledged_cq_events", 0};
  for (const Context *const context : device.contexts) {
    pds.value += context->pds.size();
    mrs.value += context->mrs.size();
    ahs.value += context->ahs.size();
    channels.value += context->channels.size();
    cqs.value += context->cqs.size();
    queue_pairs.value += context->qps.size();
    for (const auto &[key, qp] : context->qps) {
      sends.value += qp->unpolled_sends;
      receives.value += qp->receives.size();
      before_arming.value += qp->before_arming.size();
    }
    for (const auto &[key, cq] : context->cqs) {
      unpolled.value += cq->completions.size();
      unacknowledged.value += cq->events_read - cq->comp_events_completed;
    }
    for (const auto &[key, channel] : context->channels) unread.value += channel->events.size();
  }
  const uint64_t all = contexts.value + pds.value + mrs.value + ahs.value + channels.value + cqs.value + queue_pairs.value;
  return {contexts, pds,      mrs,      ahs,    channels,      cqs,           queue_pairs, {"live", all},
          sends,    receives, unpolled, unread, unacknowledged, before_arming};
}

std::string text_of(const ibv_gid &gid) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, gid.raw, text, sizeof text);
}

std::string text_of(const Packet &packet) {
  char fields[256];
  std::snprintf(fields, sizeof fields,
                "from=%u to=%u sgid=%s dgid=%s slid=%u dlid=%u flow=%u sport=%u tclass=%u hops=%u sl=%u pkey=%u payload=",
                packet.from_qpn, packet.to_qpn, text_of(packet.sgid).c_str(), text_of(packet.dgid).c_str(), packet.slid,
                packet.dlid, packet.flow_label, packet.udp_source_port, packet.traffic_class, packet.hop_limit,
                packet.sl, packet.pkey);
  std::string text = fields;
  for (const uint8_t byte : packet.payload) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

}  // namespace

std::string report_counts(const std::vector<Device *> &devices, const std::vector<std::string_view> &names,
                          std::string &report) {
  std::map<std::string_view, uint64_t> counts;
  for (const Device *const device : devices) {
    for (size_t i = 0; i < kCounts; ++i) counts[kCountNames[i]] += device->counters.at(i);
    for (const NamedCount &count : live(*device)) counts[count.name] += count.value;
  }
  counts["heap_bytes"] = heap_bytes();
  std::vector<std::string_view> wanted = names;
  if (wanted.empty()) {
    for (const auto &[name, value] : counts) wanted.push_back(name);
  }
  for (const std::string_view name : wanted) {
    const auto found = counts.find(name);
    if (found == counts.end()) return "nothing is counted as " + std::string(name);
    if (!report.empty()) report += ' ';
    report += std::string(name) + '=' + std::to_string(found->second);
  }
  return "";
}

std::string report_queue_pairs(const std::vector<Device *> &devices) {
  std::map<uint32_t, const Qp *> ordered;
  for (const Device *const device : devices) ordered.insert(device->qps.begin(), device->qps.end());
  std::string report;
  for (const auto &[number, qp] : ordered) {
    if (!report.empty()) report += "; ";
    report += "qpn=" + std::to_string(number) + " state=" + std::to_string(qp->state) +
              " receives=" + std::to_string(qp->receives.size()) + " sends=" + std::to_string(qp->unpolled_sends);
  }
  return report;
}

std::string report_packets(const std::vector<Device *> &devices) {
  std::string report;
  for (const Device *const device : devices) {
    for (const Packet &packet : device->sent) report += (report.empty() ? "" : "; ") + text_of(packet);
  }
  return report;
}

}  // namespace fake_verbs
