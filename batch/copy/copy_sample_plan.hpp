// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "batch/copy/copy.hpp"
#include "batch/copy/copy_table.hpp"
#include "batch/session/connection.hpp"

namespace gdpr::batch {

using Oid = std::uint32_t;  // PostgreSQL's own, without its headers

/// Where one goes from the chosen rows of a table: to rows of another one.
struct SampleEdge {
  std::set<Oid> from{};       ///< copied tables whose rows it starts at, aliased `near`
  std::string near{}, far{};  ///< aliases in the condition: p(arent) and c(hild), or the other way
  std::string far_sql{};      ///< FROM item, without its alias
  std::string matches{};      ///< SQL condition over p and c
  std::set<Oid> to{};         ///< tables it can lead to
  std::string applies{};      ///< SQL condition over c: it refers to something
};

/// People of one type.
struct SamplePeople {
  std::string name{};
  std::string key_sql{};   ///< over p: what is drawn by, the canonical key
  std::string find_sql{};  ///< rows by canonical keys ($1 text[]): tableoid, ctid, place
  std::set<Oid> tables{};
  std::string sql{};  ///< the table's name
  bool drawn = true;  ///< false: they come along with people of another type
};

/// How a table gets the rows that everything else follows from.
struct SampleTable {
  std::string sql{};        ///< its name as SQL wants it
  std::string digest_of{};  ///< over c: what its rows are drawn by
  std::string nobodys{};  ///< SQL condition over c: rows that hang on nobody; empty: none are drawn
  bool whole = false;
};

/// What a sample is made of, by the catalog and the declared links; no row is read for it but to
/// count small tables.
struct SamplePlan {
  std::map<Oid, SampleTable> tables;
  std::vector<SamplePeople> people;
  std::vector<SampleEdge> down;  ///< to what belongs to a chosen row
  std::vector<SampleEdge> up;    ///< to what a chosen row refers to
};

/// throws  Fault, SqlError
SamplePlan PlanSample(Connection& source, const std::vector<CopyTable>& tables,
                      const CopyOptions& options);

/// A list of oids as a parameter.
Param OidsParam(const std::set<Oid>& oids);

}  // namespace gdpr::batch
