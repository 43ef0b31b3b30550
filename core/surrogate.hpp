// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "rule.hpp"
#include "treat.hpp"

// Values that stand for an erased person where each row must have its own. Internal to core.
namespace gdpr::surrogate {

/// Appends a text surrogate of at most `most` characters (all ASCII; 0 = no limit). It carries 60
/// random bits or more wherever that many characters can.
void AppendText(SurrogateForm form, std::size_t most, Random& random, std::string& out);

/// 64 random bits.
std::uint64_t Bits(Random& random);

/// A number from 1 to `most`, each as likely as the other to within 2^-30.
std::int64_t Number(std::int64_t most, Random& random);

}  // namespace gdpr::surrogate
