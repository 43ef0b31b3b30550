// SPDX-License-Identifier: PostgreSQL
#include "keyed.hpp"

#include <openssl/crypto.h>

#include <utility>

#include "digest.hpp"
#include "error.hpp"

namespace gdpr {
namespace {

// A sub-key that is wiped when what is made of it is there.
class SubKey {
 public:
  SubKey(std::span<const std::uint8_t> master, std::string_view use)
      : key_(DeriveKey(master, use)) {}
  ~SubKey() { OPENSSL_cleanse(key_.data(), key_.size()); }
  SubKey(const SubKey&) = delete;
  SubKey& operator=(const SubKey&) = delete;

  operator std::span<const std::uint8_t>() const { return key_; }

 private:
  Key key_;
};

// What a message is of: its first byte. 255 is Draw's.
enum class Sort : char { kValue = 0, kSeed = 1, kBoth = 2 };

std::array<char, 10> HeadOf(Sort sort, std::string_view domain, std::size_t seed) {
  if (domain.size() > 255) throw Error{"XX000", "the domain of a keyed value is too long", "", ""};
  std::array<char, 10> head{static_cast<char>(sort), static_cast<char>(domain.size())};
  for (std::size_t i = 0; i < 8; ++i) head[2 + i] = static_cast<char>(seed >> (56 - 8 * i));
  return head;
}

PrfBlock Digest(Prf& prf, Sort sort, std::string_view domain, std::string_view seed,
                std::string_view value) {
  const std::array<char, 10> head = HeadOf(sort, domain, seed.size());
  return prf.Of({{head.data(), head.size()}, domain, seed, value});
}

}  // namespace

Keyed::Keyed(std::span<const std::uint8_t> master)
    : Keyed(master, std::unique_ptr<Keyed>(new Keyed(SubKey(master, "pseudonym"), nullptr))) {}

Keyed::Keyed(std::span<const std::uint8_t> master, std::unique_ptr<Keyed> pseudonyms)
    : prf_(SubKey(master, "fake")),
      permutation_(SubKey(master, "fake-permutation")),
      ff1_(SubKey(master, "pseudonym-ff1")),
      pseudonyms_(std::move(pseudonyms)) {}

Draw Keyed::DrawFor(std::string_view domain, std::string_view value) {
  return {prf_, Digest(prf_, Sort::kValue, domain, {}, value)};
}

Draw Keyed::DrawForSeed(std::string_view domain, std::string_view seed) {
  return {prf_, Digest(prf_, Sort::kSeed, domain, seed, {})};
}

Draw Keyed::DrawForBoth(std::string_view domain, std::string_view seed, std::string_view value) {
  return {prf_, Digest(prf_, Sort::kBoth, domain, seed, value)};
}

}  // namespace gdpr
