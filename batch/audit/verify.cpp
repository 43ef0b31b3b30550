// SPDX-License-Identifier: PostgreSQL
#include "batch/audit/verify.hpp"

#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "batch/audit/audit_lines.hpp"
#include "batch/cli/options.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/progress.hpp"
#include "batch/queries.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {
namespace {

/// A file, or standard input.
class Input {
 public:
  explicit Input(const std::string& path) : stream_(&std::cin) {
    if (path == "-") return;
    file_.open(path, std::ios::binary);
    if (!file_) {
      throw Fault(ExitCode::kConfiguration, "could not open \"" + path + "\"",
                  std::strerror(errno));
    }
    stream_ = &file_;
  }
  std::istream& stream() { return *stream_; }
  std::string All() { return {std::istreambuf_iterator<char>(*stream_), {}}; }

 private:
  std::ifstream file_;
  std::istream* stream_;
};

AuditTrust TrustOf(const Options& options) {
  AuditTrust trust;
  for (const std::string& hex : options.verify.public_keys) {
    // As psql shows it, or without the prefix
    const std::string digits = hex.starts_with("\\x") ? hex.substr(2) : hex;
    const auto key = BytesOfHex(digits);
    if (!key || key->size() != std::tuple_size_v<PublicKey>) {
      throw Fault(ExitCode::kConfiguration, "--public-key takes 64 hexadecimal digits", {},
                  "SELECT gdpr.audit_public_key() shows them.");
    }
    trust.public_keys.push_back(*key);
  }
  // As lines of the anchor write it
  for (const char c : options.verify.database_name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == '%' || byte == 0x7f) {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      trust.database += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    } else {
      trust.database.push_back(c);
    }
  }
  if (!options.verify.anchor.empty()) {
    trust.anchor = Input(options.verify.anchor).All() + "\n";
  }
  return trust;
}

/// Collects what is wrong for JSON, or prints it at once.
class Findings {
 public:
  explicit Findings(bool json) : json_(json) {}

  void Add(const std::vector<Verdict>& verdicts) {
    for (const Verdict& verdict : verdicts) {
      if (json_) {
        bad_.push_back({{"seal", verdict.seal ? nlohmann::ordered_json(*verdict.seal) : nullptr},
                        {"first_event", verdict.first_event},
                        {"last_event", verdict.last_event},
                        {"status", verdict.status}});
      } else {
        std::cout << (verdict.seal ? "seal " + std::to_string(*verdict.seal) + ": " : "")
                  << verdict.status << "\n";
      }
    }
  }

  const nlohmann::ordered_json& json() const { return bad_; }

 private:
  bool json_;
  nlohmann::ordered_json bad_ = nlohmann::ordered_json::array();
};

[[noreturn]] void RefuseExport() {
  throw Fault(ExitCode::kConfiguration, "this is no export of an audit log",
              "Its first line does not say so.",
              "psql -XAt -c 'SELECT gdpr.export_audit()' -o FILE makes one.");
}

void ReadFile(const std::string& path, AuditLines& lines, Findings& findings) {
  Input input(path);
  std::string line;
  while (std::getline(input.stream(), line)) {
    if (!lines.Add(line)) RefuseExport();
    findings.Add(lines.TakeBad());
  }
}

/// One cursor is one snapshot: what is written meanwhile changes nothing.
void ReadDatabase(const Options& options, AuditLines& lines, Findings& findings) {
  Connection connection = Connection::Patient(options.connection, [] { return false; });
  connection.Begin();
  connection.Execute(query::kVerifyOpen);
  for (;;) {
    const Result rows = connection.Execute(query::kVerifyFetch);
    if (rows.rows() == 0) break;
    for (int row = 0; row < rows.rows(); ++row) {
      if (!lines.Add(rows.Text(row, 0))) RefuseExport();
      findings.Add(lines.TakeBad());
    }
  }
  connection.Rollback();
}

nlohmann::ordered_json OtherJson(const std::optional<AuditChain::History>& other) {
  if (!other) return nullptr;
  return {{"database", other->database}, {"from_seal", other->from_seal}};
}

ExitCode VerifyLog(const Options& options, AuditTrust trust) {
  const bool by_own_keys = trust.public_keys.empty();
  const bool anchored = !trust.anchor.empty();
  AuditLines lines(std::move(trust));
  Findings findings(options.json);
  if (options.verify.audit_file.empty()) {
    ReadDatabase(options, lines, findings);
  } else {
    ReadFile(options.verify.audit_file, lines, findings);
  }
  lines.Finish();
  findings.Add(lines.TakeBad());
  const bool sound = lines.IsSound();
  const auto other = lines.OtherHistory();
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"status", sound ? "ok" : "bad"},
                                        {"seals", lines.seals()},
                                        {"events", lines.events()},
                                        {"key", by_own_keys ? "of the log itself" : "given"},
                                        {"anchor", anchored},
                                        {"other_history", OtherJson(other)},
                                        {"bad", findings.json()}}
                     .dump()
              << std::endl;
  } else {
    std::cout << FormatCount(lines.seals()) << " seals, " << FormatCount(lines.events())
              << " events: " << (sound ? "ok" : "not as they were sealed") << "\n";
    if (other) {
      std::cout << "The anchor has another history of this log, of a database \"" << other->database
                << "\", from seal " << other->from_seal
                << " on: a copy, or this one was renamed. --database-name holds it to its name.\n";
    }
    if (by_own_keys) {
      std::cout
          << "The keys are those that the log itself names: --public-key holds it to yours.\n";
    }
  }
  return sound ? ExitCode::kDone : ExitCode::kSomeFailed;
}

ExitCode VerifyProof(const Options& options, const AuditTrust& trust) {
  std::string event;
  std::int64_t seal = 0;
  const std::string status = CheckProof(Input(options.verify.proof_file).All(), trust, event, seal);
  if (options.json) {
    std::cout << nlohmann::ordered_json{{"status", status}, {"event", event}, {"seal", seal}}.dump()
              << std::endl;
  } else if (status == "ok") {
    std::cout << "event " << event << " is under seal " << seal << ": ok\n";
  } else {
    std::cout << status << "\n";
  }
  return status == "ok" ? ExitCode::kDone : ExitCode::kSomeFailed;
}

}  // namespace

ExitCode Verify(const Options& options, Signals& /*signals*/) {
  AuditTrust trust = TrustOf(options);
  return options.verify.proof_file.empty() ? VerifyLog(options, std::move(trust))
                                           : VerifyProof(options, trust);
}

}  // namespace gdpr::batch
