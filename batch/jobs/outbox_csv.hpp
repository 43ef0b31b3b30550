// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "batch/run/ledger.hpp"
#include "batch/run/signals.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

/// One record of RFC 4180 with its line end. Pure.
std::string CsvRecord(const std::vector<std::string_view>& fields);

/// Writes the messages of a campaign that wait to a file for a mailer: message, channel, address,
/// token, then the merge columns; UTF-8. The file is there whole or not at all, and messages count
/// as taken only after it is: whatever ends this in the middle, they wait for the next time.
/// out     how many
/// throws  Fault (the file, a signal), SqlError
std::int64_t ExportMessages(Connection& connection, RunId run, const std::string& path,
                            const Signals& signals);

}  // namespace gdpr::batch
