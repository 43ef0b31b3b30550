// SPDX-License-Identifier: PostgreSQL
#include "batch/session/handshake.hpp"

#include "batch/copy/key_file.hpp"
#include "batch/output/fault.hpp"
#include "batch/queries.hpp"
#include "core/digest.hpp"

namespace gdpr::batch {

bool HasExtension(Connection& connection) {
  return connection.Execute(query::kExtensionVersion).rows() != 0;
}

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

namespace {

void CheckRole(Connection& connection, const Options& options) {
  if (options.allow_superuser) return;
  if (connection.Execute(query::kSuperuser).Text(0, 0) != "t") return;
  throw Fault(ExitCode::kConfiguration, "gdpr-batch does not run as a superuser",
              "Triggers of the tables it changes would be one step from superuser rights.",
              "Connect as a role that was given SELECT gdpr.grant_bundle('operator', role), or say "
              "--allow-superuser.");
}

}  // namespace

void CheckKeyOf(Connection& connection, std::span<const std::uint8_t> key) {
  const std::string mine = Fingerprint(key);
  const Result result = connection.Execute(query::kHandshake);
  const std::string theirs(result.Text(0, 0));
  if (mine == theirs) return;
  throw Fault(ExitCode::kMismatch, "the key file is not the key of this database",
              "The file's key is " + mine + ", the database's is " +
                  (theirs.empty() ? "not made yet" : theirs) + ".",
              "Give --key-file the file that gdpr.key_file names on the server.");
}

Connection ConnectAndShakeHands(const Options& options) {
  Connection connection(options.connection);
  CheckVersion(connection);
  CheckRole(connection, options);
  if (!options.key_file.empty()) CheckKeyOf(connection, ReadKeyFile(options.key_file));
  return connection;
}

Connection ConnectWithoutExtension(const Options& options) {
  Connection connection(options.connection);
  CheckRole(connection, options);
  return connection;
}

}  // namespace gdpr::batch
