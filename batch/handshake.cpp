// SPDX-License-Identifier: PostgreSQL
#include "batch/handshake.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <vector>

#include "batch/fault.hpp"
#include "batch/queries.hpp"
#include "core/digest.hpp"

namespace gdpr::batch {
namespace {

void CheckVersion(Connection& connection) {
  const Result result = connection.Execute(query::kExtensionVersion);
  if (result.rows() == 0) {
    throw Fault(ExitCode::kMismatch, "extension pg_gdpr is not installed in this database", {},
                "Run CREATE EXTENSION pg_gdpr, or connect to the database that has it (-d).");
  }
  const std::string installed(result.Text(0, 0));
  if (installed != kVersion) {
    throw Fault(ExitCode::kMismatch, "gdpr-batch and extension pg_gdpr have different versions",
                "gdpr-batch is " + std::string(kVersion) + ", the extension is " + installed + ".",
                "Install the same version of both, then run ALTER EXTENSION pg_gdpr UPDATE.");
  }
}

void CheckRole(Connection& connection, const Options& options) {
  if (options.allow_superuser) return;
  if (connection.Execute(query::kSuperuser).Text(0, 0) != "t") return;
  throw Fault(ExitCode::kConfiguration, "gdpr-batch does not run as a superuser",
              "Triggers of the tables it changes would be one step from superuser rights.",
              "Connect as a role that was given SELECT gdpr.grant_bundle('operator', role), or say "
              "--allow-superuser.");
}

/// The file holds the key as hexadecimal digits and a newline; gdpr.create_key() writes it.
std::vector<std::uint8_t> ReadKey(const std::string& path) {
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
  if (key.size() * 2 == text.size() && key.size() >= 32) return key;
  throw Fault(ExitCode::kConfiguration, "\"" + path + "\" is not a key file",
              "A key file has 64 hexadecimal digits.",
              "Give --key-file the file that gdpr.key_file names on the server.");
}

void CheckKey(Connection& connection, const Options& options) {
  if (options.key_file.empty()) return;
  const std::string mine = Fingerprint(ReadKey(options.key_file));
  const Result result = connection.Execute(query::kHandshake);
  const std::string theirs(result.Text(0, 0));
  if (mine == theirs) return;
  throw Fault(ExitCode::kMismatch, "the key file is not the key of this database",
              "The file's key is " + mine + ", the database's is " +
                  (theirs.empty() ? "not made yet" : theirs) + ".",
              "Give --key-file the file that gdpr.key_file names on the server.");
}

}  // namespace

Connection ConnectAndShakeHands(const Options& options) {
  Connection connection(options.connection);
  CheckVersion(connection);
  CheckRole(connection, options);
  CheckKey(connection, options);
  return connection;
}

}  // namespace gdpr::batch
