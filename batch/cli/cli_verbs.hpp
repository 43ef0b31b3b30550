// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <CLI/App.hpp>
#include <set>
#include <string>

#include "batch/cli/options.hpp"

// What can be said to each verb, one file each (cli_VERB.cpp): AddX declares the options, CheckX says
// what CLI11 cannot know: a message for the user, empty if all is well.
namespace gdpr::batch {

/// Texts that live beside the options until they are checked.
struct Raw {
  std::string config, resume, log_level = "info", log_format = "text";
  bool no_password = false;
  std::set<std::string> from_above;  ///< options that the config file set above all sections
};

/// For verbs that work through a run: connections at once, chunks, slices, failures, manners.
void AddWork(CLI::App& verb, Options& o);
/// --resume [RUN] into raw.resume, and what CheckResume() makes of it: o.resume, o.run.
CLI::Option* AddResume(CLI::App& verb, Raw& raw);
std::string CheckResume(Options& o, const Raw& raw, const CLI::App& verb);
/// One job for each core where --jobs said nothing.
void SetJobs(Options& o);

CLI::App* AddAnonymize(CLI::App& app, Options& o, Raw& raw);
std::string CheckAnonymize(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddReconsent(CLI::App& app, Options& o, Raw& raw);
std::string CheckReconsent(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddMark(CLI::App& app, Options& o, Raw& raw);
std::string CheckMark(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddImportOptouts(CLI::App& app, Options& o, Raw& raw);
std::string CheckImportOptouts(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddRetention(CLI::App& app, Options& o, Raw& raw);
std::string CheckRetention(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddReport(CLI::App& app, Options& o, Raw& raw);
std::string CheckReport(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddStatus(CLI::App& app, Options& o, Raw& raw);
std::string CheckStatus(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddNightly(CLI::App& app, Options& o, Raw& raw);
std::string CheckNightly(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddVerify(CLI::App& app, Options& o, Raw& raw);
std::string CheckVerify(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddCopy(CLI::App& app, Options& o, Raw& raw);
std::string CheckCopy(Options& o, const Raw& raw, const CLI::App& verb);
CLI::App* AddImportAnonLabels(CLI::App& app, Options& o, Raw& raw);
std::string CheckImportAnonLabels(Options& o, const Raw& raw, const CLI::App& verb);

}  // namespace gdpr::batch
