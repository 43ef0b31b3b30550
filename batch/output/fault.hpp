// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

/// Why gdpr-batch ends early: what it tells the user and the shell. Never holds a personal value.
class Fault : public std::exception {
 public:
  Fault(ExitCode code, std::string message, std::string detail = {}, std::string hint = {})
      : code_(code),
        message_(std::move(message)),
        detail_(std::move(detail)),
        hint_(std::move(hint)) {}

  ExitCode code() const { return code_; }
  const std::string& detail() const { return detail_; }
  const std::string& hint() const { return hint_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ExitCode code_;
  std::string message_, detail_, hint_;
};

}  // namespace gdpr::batch
