// CIDR prefixes a reflector answers. Immutable once built.
#pragma once

#include <string>
#include <vector>

#include "base/socket_address.h"

namespace weft {

class PrefixSet {
 public:
  // False when `cidr` is not `address/length`, or a bare address.
  bool add(const std::string& cidr);
  // An empty set allows everything.
  bool allows(const AddressBytes& address) const;

 private:
  struct Prefix {
    AddressBytes address;
    int bits;  // of the 128-bit form
  };
  std::vector<Prefix> prefixes_;
};

}  // namespace weft
