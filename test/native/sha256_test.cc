#include "net/sha256.h"

#include <string>

#include "check.h"
#include "packet_builder.h"

namespace weft::test {

namespace {

Bytes bytes_of(const std::string &text) { return {reinterpret_cast<const uint8_t *>(text.data()), text.size()}; }

bool digest_is(const std::string &message, const char *expected) {
  Sha256 hash;
  hash.update(bytes_of(message));
  const auto digest = hash.finish();
  return ByteVector(digest.begin(), digest.end()) == from_hex(expected);
}

bool hmac_is(const ByteVector &key, const ByteVector &message, const char *expected) {
  const auto hmac = HmacKey(view(key)).sign(view(message));
  return ByteVector(hmac.begin(), hmac.end()) == from_hex(expected);
}

ByteVector ascii(const char *text) { return ByteVector(text, text + std::strlen(text)); }

}  // namespace

// FIPS 180-4 examples of NIST (SHA256.pdf, SHA2_Additional.pdf).
TEST(sha256_of_nist_examples) {
  CHECK(digest_is("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  CHECK(digest_is("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK(digest_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
  CHECK(digest_is(std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

TEST(sha256_does_not_depend_on_how_the_message_is_cut) {
  ByteVector message(200);
  for (size_t i = 0; i < message.size(); ++i) message[i] = static_cast<uint8_t>(i * 7);
  for (size_t size = 0; size <= message.size(); ++size) {
    Sha256 whole;
    whole.update(view(message).first(size));
    const auto expected = whole.finish();
    for (const size_t cut : {size / 3, size / 2, size}) {
      Sha256 parts;
      parts.update(view(message).first(cut));
      parts.update(view(message).first(size).from(cut));
      CHECK(parts.finish() == expected);
    }
  }
}

// RFC 4231, test cases 1 to 7, cut to the 128 bits that STAMP carries (case 5
// is given so by the RFC).
TEST(hmac_of_rfc_4231) {
  CHECK(hmac_is(ByteVector(20, 0x0b), ascii("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b"));
  CHECK(hmac_is(ascii("Jefe"), ascii("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c7"));
  CHECK(hmac_is(ByteVector(20, 0xaa), ByteVector(50, 0xdd), "773ea91e36800e46854db8ebd09181a7"));
  CHECK(hmac_is(from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), ByteVector(50, 0xcd),
                "82558a389a443c0ea4cc819899f2083a"));
  CHECK(hmac_is(ByteVector(20, 0x0c), ascii("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"));
  CHECK(hmac_is(ByteVector(131, 0xaa), ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f"));
  CHECK(hmac_is(ByteVector(131, 0xaa),
                ascii("This is a test using a larger than block-size key and a larger "
                      "than block-size data. The key "
                      "needs to be hashed before being used by the HMAC algorithm."),
                "9b09ffa71b942fcb27635fbcd5b0e944"));
}

TEST(hmac_verifies_two_parts_as_one_message) {
  const HmacKey key = key_of("Jefe");
  const std::string message = "what do ya want for nothing?";
  auto hmac = key.sign(bytes_of(message));
  CHECK(key.verify(bytes_of(message).first(7), bytes_of(message).from(7), hmac.data()));
  for (size_t i = 0; i < hmac.size(); ++i) {
    hmac[i] ^= 0x10;
    CHECK(!key.verify(bytes_of(message), {}, hmac.data()));
    hmac[i] ^= 0x10;
  }
  CHECK(!key_of("Jeff").verify(bytes_of(message), {}, hmac.data()));
}

}  // namespace weft::test
