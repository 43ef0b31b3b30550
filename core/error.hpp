// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

namespace gdpr {

/// What went wrong, in the parts of a PostgreSQL error report. Thrown by value by everything in
/// core; the glue turns it into ereport(). No part ever holds a personal value: a rule's own words
/// may be quoted, the value being treated never is.
struct Error {
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
};

}  // namespace gdpr
