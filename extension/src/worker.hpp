// SPDX-License-Identifier: PostgreSQL
// The workers that seal: a launcher without a database, and a sealer for a database while it has
// work.
#pragma once

namespace gdpr::pg {

/// Announces the launcher to the postmaster; not while pg_upgrade is at work.
void RegisterLauncher();

}  // namespace gdpr::pg
