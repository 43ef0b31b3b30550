// SPDX-License-Identifier: PostgreSQL
// A whole audit log by chance: two servers, restores, erasures, changes of the configuration.
#pragma once

#include "audit_fixture.hpp"

namespace gdpr::audit {

inline constexpr std::int64_t kServer = 77;
inline constexpr std::int64_t kFormerServer = 12;

inline const SealSigner& Signer() {
  static const SealSigner signer(std::vector<std::uint8_t>(32, 9));
  return signer;
}

inline void AddConfiguration(Log& log, LeafMaker& maker, const std::string& body) {
  log.configurations.emplace_back(AsText(maker.ConfigurationDigest(body)), body);
}

// Statements `from` to `to`, of which the first few came with a restore from another server.
inline void AddStatements(Log& log, Random& random, int from, int to) {
  for (int i = from; i < to; ++i) {
    StatementRow row = RandomStatement(random, 1000 + i);
    if (i < 4) row.system_id = kFormerServer;
    if (random.Below(5) > 0) row.shape = *HashFrom(log.shape.digest);
    row.changes = random.Below(8) == 0 ? 12 : 1 + random.Below(3);
    for (int n = 1; n <= row.changes; ++n) row.rows.push_back(RandomChange(random, n));
    log.statements.push_back(std::move(row));
  }
}

// A person leaves: the values of some rows, and a user, with a tombstone.
inline void Leave(Log& log, LeafMaker& maker, Random& random) {
  StatementRow tombstone = RandomStatement(random, log.statements.back().statement + 1);
  tombstone.operation = 'E';
  tombstone.changes = 1;
  int changes = 0;
  int actors = 0;
  for (StatementRow& statement : log.statements) {
    if (statement.operation == 'E') continue;  // tombstones are not erased
    for (ChangeRow& row : statement.rows) {
      if (!row.seed || random.Below(6) > 0) continue;
      Erase(maker, row, {}, random.Below(2) == 0, random.Below(2) == 0);
      row.tombstone = tombstone.statement;
      ++changes;
    }
    if (statement.actor_digests || random.Below(9) > 0) continue;
    statement.actor_digests = *maker.ActorDigests(statement.View());
    statement.seed.reset();
    statement.app_user.reset();
    statement.client_address.reset();
    statement.tombstone = tombstone.statement;
    ++actors;
  }
  ChangeRow row;
  row.subject_type = "contact";
  row.subject_key = "gone";
  row.row_key = std::to_string(changes) + " " + std::to_string(actors);
  row.seed = random.Bytes(16);
  tombstone.rows.push_back(row);
  log.statements.push_back(std::move(tombstone));
}

/// Seven seals, two of them empty or foreign, two erasures, and some events that are not sealed.
inline Log MakeLog(LeafMaker& maker, Random& random) {
  Log log;
  const PublicKey& key = Signer().Public();
  log.keys.emplace_back(1, std::string(key.begin(), key.end()));
  log.shape.digest = log.shape.With(
      [&](const AuditShape& shape) { return std::string(AsText(maker.ShapeDigest(shape))); });
  AddConfiguration(log, maker, "audited crm.contact\n");
  AddStatements(log, random, 0, 15);
  Seal(log, maker, Signer(), kFormerServer, 100);
  Seal(log, maker, Signer(), kServer, 9);
  Leave(log, maker, random);
  Seal(log, maker, Signer(), kServer, 100);
  AddConfiguration(log, maker, "audited nothing\n");
  Seal(log, maker, Signer(), kServer, 0);
  AddStatements(log, random, 30, 36);
  Seal(log, maker, Signer(), kServer, 7);
  Leave(log, maker, random);
  Seal(log, maker, Signer(), kServer, 1);
  Seal(log, maker, Signer(), kServer, 8);
  AddStatements(log, random, 50, 54);
  return log;
}

inline std::string FirstBad(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts) {
    if (verdict.IsOk()) continue;
    return (verdict.seal ? "seal " + std::to_string(*verdict.seal) + ": " : "") + verdict.status;
  }
  return "";
}

}  // namespace gdpr::audit
