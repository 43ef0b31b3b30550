// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gdpr::batch {

/// The master key from a file as gdpr.create_key() writes it: hexadecimal digits and a newline.
/// throws  Fault kConfiguration for a file that cannot be read, or that is none
std::vector<std::uint8_t> ReadKeyFile(const std::string& path);

/// Whoever reads the key can reverse pseudonyms: nobody but the file's owner may.
/// throws  Fault kConfiguration for a file that its group or others can read
void CheckKeyFileMode(const std::string& path);

}  // namespace gdpr::batch
