// SPDX-License-Identifier: PostgreSQL
#include "batch/anon/import_anon_labels.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "batch/anon/anon_rule.hpp"
#include "batch/cli/options.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/queries.hpp"

namespace gdpr::batch {
namespace {

std::vector<AnonLabel> FromDatabase(const Options& options) {
  Connection connection(options.connection);
  const Result rows =
      connection.Execute(query::kImportAnonLabels, {options.import_anon_labels.provider});
  std::vector<AnonLabel> labels;
  for (int i = 0; i < rows.rows(); ++i) {
    AnonLabel label;
    if (!rows.IsNull(i, 2)) {
      for (int part = 0; part < 3; ++part) label.column.emplace_back(rows.Text(i, part));
    }
    label.object = rows.Text(i, 3);
    label.label = rows.Text(i, 4);
    labels.push_back(std::move(label));
  }
  return labels;
}

std::vector<AnonLabel> FromFile(const ImportAnonLabelsOptions& wish) {
  std::string script;
  if (wish.file == "-") {
    script.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream file(wish.file, std::ios::binary);
    if (!file) {
      throw Fault(ExitCode::kConfiguration, "could not read \"" + wish.file + "\"",
                  std::strerror(errno), "Name a script that pg_dump wrote.");
    }
    script.assign(std::istreambuf_iterator<char>(file), {});
  }
  if (script.starts_with("PGDMP")) {
    throw Fault(ExitCode::kConfiguration, "\"" + wish.file + "\" is an archive, not a script", {},
                "Make a script of it: pg_restore -s -f - FILE | gdpr-batch import-anon-labels "
                "--file -");
  }
  return ReadAnonLabels(script, wish.provider);
}

std::string NameOf(const AnonLabel& label) {
  std::string name;
  for (const std::string& part : label.column) name += (name.empty() ? "" : ".") + part;
  return name.empty() ? label.object : name;
}

// A name with a line break would end the comment that it stands in.
std::string InComment(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

void Print(const std::vector<AnonLabel>& labels, const std::vector<AnonProposal>& proposals,
           const std::string& provider) {
  if (labels.empty()) {
    std::cout << "-- There are no labels for provider " << InComment(provider)
              << ": is it another masking policy (--provider), or was the script made with "
                 "--no-security-labels?\n";
    return;
  }
  std::cout << "-- Rules of PostgreSQL Anonymizer, said in kinds of pg_gdpr. Read them, then run "
               "them.\n";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const AnonProposal& proposal = proposals[i];
    if (proposal.rule.empty()) continue;
    std::cout << ClassifyStatement(labels[i], proposal.rule) << "  -- was "
              << InComment(proposal.from) << "\n";
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const AnonProposal& proposal = proposals[i];
    if (!proposal.rule.empty()) continue;
    std::cout << "-- not mapped: " << InComment(NameOf(labels[i]))
              << (proposal.from.empty() ? "" : ", was " + InComment(proposal.from)) << ": "
              << proposal.reason << "\n";
    if (!labels[i].column.empty()) {
      std::cout << "--   " << InComment(ClassifyStatement(labels[i], "KIND")) << "\n";
    }
  }
}

nlohmann::ordered_json Json(const std::vector<AnonLabel>& labels,
                            const std::vector<AnonProposal>& proposals) {
  auto proposed = nlohmann::ordered_json::array(), unmapped = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const AnonProposal& proposal = proposals[i];
    if (proposal.rule.empty()) {
      unmapped.push_back(
          {{"object", NameOf(labels[i])}, {"was", proposal.from}, {"reason", proposal.reason}});
    } else {
      proposed.push_back({{"column", NameOf(labels[i])},
                          {"rule", proposal.rule},
                          {"was", proposal.from},
                          {"statement", ClassifyStatement(labels[i], proposal.rule)}});
    }
  }
  return {{"proposed", proposed}, {"not_mapped", unmapped}};
}

}  // namespace

ExitCode ImportAnonLabels(const Options& options, Signals& /*signals*/) {
  const std::vector<AnonLabel> labels = options.import_anon_labels.file.empty()
                                            ? FromDatabase(options)
                                            : FromFile(options.import_anon_labels);
  std::vector<AnonProposal> proposals;
  std::size_t mapped = 0;
  for (const AnonLabel& label : labels) {
    proposals.push_back(ProposeRule(label));
    mapped += proposals.back().rule.empty() ? 0 : 1;
  }
  if (options.json) {
    // A dump may be in any encoding.
    using Bytes = nlohmann::ordered_json::error_handler_t;
    std::cout << Json(labels, proposals).dump(-1, ' ', false, Bytes::replace) << "\n";
  } else {
    Print(labels, proposals, options.import_anon_labels.provider);
  }
  Log(Level::kInfo, "anon_labels",
      {{"proposed", static_cast<std::int64_t>(mapped)},
       {"not_mapped", static_cast<std::int64_t>(labels.size() - mapped)}});
  return ExitCode::kDone;
}

}  // namespace gdpr::batch
