// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "batch/output/exit_code.hpp"

namespace gdpr::batch {

struct Options;
class Signals;

struct ReconsentOptions {
  std::string purpose, form, channel = "email", valid_for = "30 days";
  std::optional<std::string> accepted_before;
  std::optional<int> form_older_than;
  bool no_proof = false;
  std::vector<std::string> stages = {"100"};  ///< per cent, without the sign
  std::string csv;                            ///< file for a mailer

  /// What happens to a campaign that is there. None of them: it is planned, or done if approved.
  std::optional<std::int64_t> approve, pause, abort, export_run;
};

/// Verb reconsent: plans a campaign, or does what is said about one.
/// throws  Fault, SqlError
ExitCode Reconsent(const Options& options, Signals& signals);

}  // namespace gdpr::batch
