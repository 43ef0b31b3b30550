// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "draw.hpp"
#include "ff1.hpp"
#include "locale.hpp"
#include "permutation.hpp"
#include "prf.hpp"

namespace gdpr {

/// All that the keyed profiles make of the master key, once: a sub-key for each use (HKDF), of
/// which only what the ciphers and digests keep stays in memory: some 8 kB. Not for several
/// threads at once: one each. Throws Error 55000 for a master below 32 bytes.
class Keyed {
 public:
  explicit Keyed(std::span<const std::uint8_t> master);
  Keyed(const Keyed&) = delete;
  Keyed& operator=(const Keyed&) = delete;

  /// Bits for one use ("name", "email": at most 255 bytes) of one material: a value; a person's
  /// seed; or both. What one of the three gives says nothing of the others.
  Draw DrawFor(std::string_view domain, std::string_view value);
  Draw DrawForSeed(std::string_view domain, std::string_view seed);
  Draw DrawForBoth(std::string_view domain, std::string_view seed, std::string_view value);

  Permutation& permutation() { return permutation_; }

  /// The same of other keys: profile pseudonym, so that a fake gives no pseudonym away.
  Keyed& pseudonyms() { return *pseudonyms_; }
  Ff1& ff1() { return ff1_; }

 private:
  Keyed(std::span<const std::uint8_t> master, std::unique_ptr<Keyed> pseudonyms);

  Prf prf_;
  Permutation permutation_;
  Ff1 ff1_;
  std::unique_ptr<Keyed> pseudonyms_;
};

/// Whose value it is, for keyed profiles. The locale is the one of the row's country; it counts
/// only where the rule says fake(country), so that a value alone and a value in its row give the
/// same.
struct Keying {
  Keyed* keys = nullptr;
  std::string_view seed;
  bool seeded = false;
  Locale locale = Locale::kNone;
};

}  // namespace gdpr
