// SPDX-License-Identifier: PostgreSQL
#include "batch/key_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "batch/fault.hpp"

namespace gdpr::batch {
namespace {

constexpr std::size_t kLeastBytes = 32;

}  // namespace

std::vector<std::uint8_t> ReadKeyFile(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!file || !(file >> text)) {
    throw Fault(ExitCode::kConfiguration, "could not read key file \"" + path + "\"",
                std::strerror(errno), "It must be readable for the user that runs gdpr-batch.");
  }
  std::vector<std::uint8_t> key;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    const char* const pair = text.data() + at;
    std::uint8_t byte = 0;
    if (std::from_chars(pair, pair + 2, byte, 16).ptr != pair + 2) break;
    key.push_back(byte);
  }
  if (key.size() * 2 == text.size() && key.size() >= kLeastBytes) return key;
  throw Fault(ExitCode::kConfiguration, "\"" + path + "\" is not a key file",
              "A key file has 64 hexadecimal digits.",
              "Give --key-file the file that gdpr.key_file names on the server.");
}

void CheckKeyFileMode(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0 || (about.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  throw Fault(ExitCode::kConfiguration, "key file \"" + path + "\" can be read by others",
              "Whoever has it can tell whose value became which.", "Run chmod 0600 on it.");
}

}  // namespace gdpr::batch
