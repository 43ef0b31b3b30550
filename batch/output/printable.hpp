// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>

namespace gdpr::batch {

/// Text as one line of a report or a log can show it. Names of tables may hold whatever their
/// owners like: line ends, escape sequences for terminals, marks that turn the direction of
/// writing, bytes that are no UTF-8. Those come out as \n, \r, \t, \x1b or \u202e, everything else
/// as it is.
std::string Printable(std::string_view text);

}  // namespace gdpr::batch
