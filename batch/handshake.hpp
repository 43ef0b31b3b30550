// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "batch/options.hpp"

namespace gdpr::batch {

/// Version of this program: the extension's, from its control file.
extern const char* const kVersion;

/// Connects and makes sure that program, extension and key belong together and that the role is
/// none to fear. throws  Fault kDatabase, kMismatch (version, key), kConfiguration (superuser)
Connection ConnectAndShakeHands(const Options& options);

}  // namespace gdpr::batch
