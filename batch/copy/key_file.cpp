// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/key_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

constexpr std::size_t kKeyBytes = 32;

}  // namespace

std::vector<std::uint8_t> ReadKeyFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Fault(ExitCode::kConfiguration, "could not read key file \"" + path + "\"",
                std::strerror(errno), "It must be readable for the user that runs gdpr-batch.");
  }
  // A few bytes more than there may be: whatever else the path leads to is not read to its end.
  std::string text(2 * kKeyBytes + 3, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  for (const char end : {'\n', '\r'}) {
    if (text.ends_with(end)) text.pop_back();
  }
  std::vector<std::uint8_t> key;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    const char* const pair = text.data() + at;
    std::uint8_t byte = 0;
    if (std::from_chars(pair, pair + 2, byte, 16).ptr != pair + 2) break;
    key.push_back(byte);
  }
  if (key.size() == kKeyBytes && text.size() == 2 * kKeyBytes) return key;
  throw Fault(ExitCode::kConfiguration, "\"" + path + "\" is not a key file",
              "A key file has 64 hexadecimal digits and a newline.",
              "Give --key-file the file that gdpr.key_file names on the server, or one that "
              "openssl rand -hex 32 wrote.");
}

void CheckKeyFileMode(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0 || (about.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  throw Fault(ExitCode::kConfiguration, "key file \"" + path + "\" can be read by others",
              "Whoever has it can tell whose value became which.", "Run chmod 0600 on it.");
}

}  // namespace gdpr::batch
