// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <span>

#include "batch/cli/options.hpp"

namespace gdpr::batch {

/// Version of this program: the extension's, from its control file.
extern const char* const kVersion;

/// Connects and makes sure that program, extension and key belong together and that the role is
/// none to fear. throws  Fault kDatabase, kMismatch (version, key), kConfiguration (superuser)
Connection ConnectAndShakeHands(const Options& options);

/// The same where there is no extension to shake hands with: the role alone.
Connection ConnectWithoutExtension(const Options& options);

/// Its parts, for a verb with connections of its own.
bool HasExtension(Connection& connection);
/// throws  Fault kMismatch: the extension is not there, or of another version
void CheckVersion(Connection& connection);
/// throws  Fault kMismatch: not the key of this database
void CheckKeyOf(Connection& connection, std::span<const std::uint8_t> key);

}  // namespace gdpr::batch
