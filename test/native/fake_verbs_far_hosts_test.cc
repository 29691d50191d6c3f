// Hosts that the fake verbs library answers for itself, read by the code of the product.

#include <string>

#include "rdma/grh.h"
#include "rdma/payload.h"
#include "verbs_endpoint.h"

namespace weft::test {

namespace {

constexpr uint32_t kFarQpn = 1;
constexpr int64_t kResponderNs = 9'600;
constexpr uint64_t kSequence = 0xa1a2'a3a4'0000'0007;

std::string probe_text() {
  Payload probe;
  probe.sequence = kSequence;
  std::string text(kPayloadBytes, '\0');
  encode(probe, reinterpret_cast<uint8_t *>(text.data()));
  return text;
}

ibv_ah *handle_to(Endpoint &endpoint, const char *address) {
  ibv_ah_attr attributes{};
  attributes.is_global = 1;
  attributes.port_num = 1;
  attributes.grh.sgid_index = 3;
  attributes.grh.hop_limit = 64;
  const Gid gid = *parse_gid(address);
  std::copy(gid.begin(), gid.end(), attributes.grh.dgid.raw);
  return endpoint.address(attributes);
}

Payload payload_in(Endpoint &endpoint, uint64_t slot, const Wc &wc) {
  CHECK_EQ(wc.status, IBV_WC_SUCCESS);
  CHECK_EQ(wc.opcode, IBV_WC_RECV);
  CHECK_EQ(wc.src_qp, kFarQpn);
  const std::string text = endpoint.text_in(slot, wc);
  const auto payload = decode({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  CHECK(payload.has_value());
  CHECK_EQ(payload->sequence, kSequence);
  return *payload;
}

}  // namespace

TEST(fake_verbs_far_hosts_answer_probes) {
  const FakeVerbs fake("far_hosts=300");
  const Verbs verbs(fake);
  Endpoint prober(verbs, "fake0");
  prober.post_receive(0);
  prober.post_receive(1);
  CHECK_EQ(prober.send(handle_to(prober, "10.1.1.43"), kFarQpn, probe_text()), 0);  // the last one
  const Wc sent = prober.wait();
  CHECK_EQ(sent.opcode, IBV_WC_SEND);
  const Wc first = prober.wait();
  const Payload ack1 = payload_in(prober, 0, first);
  CHECK(ack1.type == PayloadType::kAck && ack1.ack == 1 && ack1.flags == kHardwareStamps);
  CHECK_EQ(gid_text(parse_grh(prober.slot(0))->source), "::ffff:10.1.1.43");
  const Payload ack2 = payload_in(prober, 1, prober.wait());
  CHECK_EQ(ack2.ack, 2);
  CHECK_EQ(ack2.t4 - ack2.t3, kResponderNs);
  // 4.8 us each way: in ticks of 6.4 ns.
  CHECK_EQ((first.ticks - sent.ticks) * 64, (2 * 4'800 + kResponderNs) * 10);
}

TEST(fake_verbs_far_hosts_answer_nothing_else) {
  const FakeVerbs fake("far_hosts=300");
  const Verbs verbs(fake);
  Endpoint prober(verbs, "fake0");
  prober.post_receive(0);
  const auto send = [&](const char *address, uint32_t qpn, const std::string &text) {
    CHECK_EQ(prober.send(handle_to(prober, address), qpn, text), 0);
    prober.wait();
  };
  send("10.1.0.0", kFarQpn + 1, probe_text());
  send("10.1.0.0", kFarQpn, "hello");
  send("10.1.1.44", kFarQpn, probe_text());  // one too many
  CHECK_EQ(fake.count("fake0", "dropped_no_route"), 1);
  CHECK_EQ(fake.command("pending fake0"), "0");
  CHECK(fake.try_command("configure far_hosts=65537") != 0);
}

}  // namespace weft::test
