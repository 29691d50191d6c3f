// From what the kernel says of a connection to the record of its probe: DESIGN.md, "What is measured". Pure functions;
// each adds what it knows to the head that record_of made.
#pragma once

#include "base/record.h"
#include "net/tcp_exchange.h"
#include "net/tcp_socket.h"

namespace weft {

enum class Handshake : uint8_t {
  kDone,        // whatever came after it
  kRefused,     // the host answered by a reset, or somebody by "port unreachable"
  kUnanswered,  // the kernel gave up, or somebody said "unreachable"
};

// `error`: what ended the socket, 0 when nothing did.
Handshake handshake_of(int error);

struct HandshakeReading {
  TcpInfo info;
  int64_t connect_ns;  // as the program saw it
  int64_t timeout_ns;
};

void take_connected(Record& record, const HandshakeReading& reading);
void take_refused(Record& record, const HandshakeReading& reading);
void take_unanswered(Record& record, const TcpInfo& info, int error);
void take_exchange(Record& record, const TcpExchange& exchange, Exchange outcome, const TcpInfo& info);

}  // namespace weft
