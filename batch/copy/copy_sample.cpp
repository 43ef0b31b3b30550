// SPDX-License-Identifier: PostgreSQL
#include "batch/copy/copy_sample.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "batch/copy/copy_sample_plan.hpp"
#include "batch/copy/copy_sample_set.hpp"
#include "batch/output/fault.hpp"
#include "batch/output/log.hpp"
#include "batch/queries.hpp"
#include "batch/run/keys.hpp"
#include "batch/session/handshake.hpp"

namespace gdpr::batch {
namespace {

constexpr std::size_t kBatch =
    100000;  ///< rows whose neighbours are asked for at once: 2 MB of addresses
constexpr char kFetch[] = "FETCH 20000 FROM gdpr_copy_sample";
constexpr int kKeysAtOnce = 5000;

std::uint64_t TidOf(std::string_view text) {  // "(page,line)"
  std::uint64_t page = 0, line = 0;
  const std::size_t comma = text.find(',');
  std::from_chars(text.data() + 1, text.data() + comma, page);
  std::from_chars(text.data() + comma + 1, text.data() + text.size() - 1, line);
  return page << 16U | line;
}

Param TidsParam(std::span<const std::uint64_t> tids) {
  std::string list = "{";
  for (const std::uint64_t tid : tids) {
    if (list.size() > 1) list += ',';
    list += "\"(" + std::to_string(tid >> 16U) + ',' + std::to_string(tid & 0xFFFFU) + ")\"";
  }
  return Param(list + "}");
}

/// Rows by table.
using Found = std::map<Oid, std::vector<std::uint64_t>>;

class Sampler {
 public:
  Sampler(Connection& source, SamplePlan plan, const CopyOptions& options)
      : source_(source), plan_(std::move(plan)), options_(options) {}

  void Run() {
    source_.Execute(query::kCopySamplePrepare);
    if (!options_.subjects_file.empty()) AddNamed();
    if (options_.sample) {
      AddDrawnPeople();
      AddNobodys();
    }
    Follow(plan_.down);
    // What is above a row is needed whoever chose the row; what is below it is not.
    for (const auto& [table, chosen] : chosen_) pending_[table] = chosen.Sorted();
    UpFromWhole();
    Follow(plan_.up);
  }

  void Apply(std::vector<CopyTable>& tables) {
    for (CopyTable& table : tables) {
      if (plan_.tables.at(table.oid).whole) continue;
      table.tids = chosen_[table.oid].Sorted();
      chosen_.erase(table.oid);
      // Now they are known, not estimated; of the pages about as many are read as there are rows.
      const auto rows = static_cast<std::int64_t>(table.tids->size());
      table.pages = std::min(table.pages, rows);
      table.rows_estimate = rows;
    }
  }

 private:
  // A digest of the key, not chance: the same people each time, and in every database that has the
  // same keys; 5 % are among the 10 %.
  std::string DigestOf(const std::string& key) const {
    return "pg_catalog.hashtextextended((" + key + ") COLLATE pg_catalog.\"C\", 0)";
  }

  std::string Drawn(const std::string& key) const {
    constexpr double kHalf = 9223372036854775808.0;  // 2^63
    const double bound = *options_.sample * 2 * kHalf - kHalf;
    const std::int64_t most = bound >= kHalf ? std::numeric_limits<std::int64_t>::max()
                                             : static_cast<std::int64_t>(bound);
    return DigestOf(key) + " <= '" + std::to_string(most) + "'::pg_catalog.int8";
  }

  // Rows of a statement that gives (tableoid, ctid), a page at a time.
  std::int64_t Choose(const std::string& sql, std::initializer_list<Param> params = {}) {
    std::int64_t rows = 0;
    source_.Execute("DECLARE gdpr_copy_sample NO SCROLL CURSOR FOR " + sql, params);
    for (;;) {
      const Result page = source_.Execute(kFetch);
      if (page.rows() == 0) break;
      rows += page.rows();
      Add(page);
    }
    source_.Execute("CLOSE gdpr_copy_sample");
    return rows;
  }

  void Add(const Result& page) {
    Found found;
    for (int row = 0; row < page.rows(); ++row) {
      found[static_cast<Oid>(page.Int(row, 0))].push_back(TidOf(page.Text(row, 1)));
    }
    for (auto& [oid, tids] : found) {
      const auto table = plan_.tables.find(oid);
      if (table == plan_.tables.end() || table->second.whole) continue;
      const std::vector<std::uint64_t> added = chosen_[oid].Add(std::move(tids));
      auto& pending = pending_[oid];
      pending.insert(pending.end(), added.begin(), added.end());
    }
  }

  void AddNamed() {
    const auto people = std::ranges::find(plan_.people, options_.subject, &SamplePeople::name);
    if (people == plan_.people.end()) {
      throw Fault(ExitCode::kConfiguration,
                  "subject type \"" + options_.subject + "\" is not registered", {},
                  "Name one that gdpr.register_subject() was called with.");
    }
    FileKeys keys(options_.subjects_file, "--subjects");
    std::string missing;
    std::int64_t missed = 0;
    for (;;) {
      const std::vector<std::string> page = keys.Next(source_, kKeysAtOnce);
      if (page.empty()) break;
      for (const int place : NotFound(*people, keys, page)) {
        if (++missed <= 10) missing += (missing.empty() ? "" : ", ") + keys.PlaceOf(place);
      }
    }
    if (missed > 0) {
      throw Fault(ExitCode::kConfiguration,
                  std::to_string(missed) + " keys are keys of nobody of subject type \"" +
                      options_.subject + "\"",
                  missing + (missed > 10 ? ", …" : "") + ".",
                  "Correct the list, or leave them out.");
    }
  }

  // Chooses the people of a page; the places of keys that are nobody's.
  std::vector<int> NotFound(const SamplePeople& people, const KeySource& keys,
                            const std::vector<std::string>& page) {
    try {
      const std::string canonical =
          HasExtension(source_)
              ? std::string(source_.Execute("SELECT gdpr.copy_keys($1, $2)", {people.name, page})
                                .Text(0, 0))
              : std::string(Param(page).c_str());
      const Result rows = source_.Execute(people.find_sql, {canonical});
      Add(rows);
      std::vector<bool> there(page.size(), false);
      for (int row = 0; row < rows.rows(); ++row) {
        there[static_cast<std::size_t>(rows.Int(row, 2)) - 1] = true;
      }
      std::vector<int> places;
      for (std::size_t i = 0; i < there.size(); ++i) {
        if (!there[i]) places.push_back(static_cast<int>(i) + 1);
      }
      return places;
    } catch (const SqlError& error) {
      if (error.sqlstate().starts_with("22")) throw BadKey(error, keys, people.name);
      throw;
    }
  }

  void AddDrawnPeople() {
    for (const SamplePeople& people : plan_.people) {
      if (!people.drawn || people.tables.empty()) continue;
      if (!options_.subjects_file.empty() && people.name == options_.subject) continue;
      std::int64_t drawn = 0;
      for (const Oid table : people.tables) {
        drawn += Choose("SELECT p.tableoid, p.ctid FROM ONLY " + plan_.tables.at(table).sql +
                        " AS p WHERE " + Drawn(people.key_sql));
      }
      // Somebody, so that there is something to see.
      if (drawn == 0) {
        Choose("SELECT p.tableoid, p.ctid FROM " + people.sql + " AS p ORDER BY " +
               DigestOf(people.key_sql) + " LIMIT 1");
      }
    }
  }

  void AddNobodys() {
    for (const auto& [oid, table] : plan_.tables) {
      if (table.nobodys.empty()) continue;
      Choose("SELECT c.tableoid, c.ctid FROM ONLY " + table.sql + " AS c WHERE " + table.nobodys +
             " AND " + Drawn(table.digest_of));
    }
  }

  // From rows to their neighbours until there are no new ones.
  void Follow(const std::vector<SampleEdge>& edges) {
    while (!pending_.empty()) {
      const auto first = pending_.begin();
      const Oid table = first->first;
      std::vector<std::uint64_t> tids = std::move(first->second);
      pending_.erase(first);
      std::ranges::sort(tids);
      const std::span<const std::uint64_t> all(tids);
      for (std::size_t from = 0; from < all.size(); from += kBatch) {
        const auto batch = all.subspan(from, std::min(kBatch, all.size() - from));
        for (const SampleEdge& edge : edges) {
          if (edge.from.contains(table) && LeadsSomewhere(edge)) FollowEdge(edge, table, batch);
        }
      }
    }
  }

  bool LeadsSomewhere(const SampleEdge& edge) const {
    return std::ranges::any_of(edge.to, [&](Oid oid) { return !plan_.tables.at(oid).whole; });
  }

  void FollowEdge(const SampleEdge& edge, Oid table, std::span<const std::uint64_t> tids) {
    Choose("SELECT DISTINCT " + edge.far + ".tableoid, " + edge.far + ".ctid FROM " +
               "pg_catalog.unnest($1::pg_catalog.tid[]) AS u(tid) JOIN ONLY " +
               plan_.tables.at(table).sql + " AS " + edge.near + " ON " + edge.near +
               ".ctid = u.tid JOIN " + edge.far_sql + " AS " + edge.far + " ON " + edge.matches,
           {TidsParam(tids)});
  }

  void UpFromWhole() {
    for (const SampleEdge& edge : plan_.up) {
      for (const Oid table : edge.from) {
        if (!plan_.tables.at(table).whole || !LeadsSomewhere(edge)) continue;
        Choose("SELECT DISTINCT p.tableoid, p.ctid FROM ONLY " + plan_.tables.at(table).sql +
               " AS c JOIN " + edge.far_sql + " AS p ON " + edge.matches);
      }
    }
  }

  Connection& source_;
  const SamplePlan plan_;
  const CopyOptions& options_;
  std::map<Oid, TidSet> chosen_;
  Found pending_;
};

}  // namespace

void ApplySample(Connection& source, std::vector<CopyTable>& tables, const CopyOptions& options) {
  Sampler sampler(source, PlanSample(source, tables, options), options);
  sampler.Run();
  sampler.Apply(tables);
}

void ApplySeeds(Connection& source, std::vector<CopyTable>& tables) {
  if (!HasExtension(source)) {
    throw Fault(ExitCode::kConfiguration, "--by-person needs pg_gdpr in the source",
                "Only declared links say which person a row belongs to.",
                "Copy without --by-person: equal values still become equal values.");
  }
  for (CopyTable& table : tables) {
    const Result seed =
        source.Execute("SELECT gdpr.copy_seed($1::pg_catalog.oid::pg_catalog.regclass)",
                       {std::to_string(table.oid)});
    if (!seed.IsNull(0, 0)) table.seed_sql = seed.Text(0, 0);
  }
}

}  // namespace gdpr::batch
