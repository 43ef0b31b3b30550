// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batch/copy/copy_rules_pack.hpp"
#include "batch/session/connection.hpp"

// What the source's catalog says of its tables, as far as their rules depend on it.
namespace gdpr::batch {

struct PlanColumn {
  std::string name;
  std::uint32_t type = 0;
  std::int32_t typmod = -1;
  bool not_null = false;
  bool generated = false;
  std::string label{};    ///< its own rule; empty: none
  bool divides = false;   ///< says in which partition a row is
  bool primary = false;   ///< of the primary key
  bool unique = false;    ///< of any unique or exclusion index …
  bool alone = false;     ///< … and of one that has no other column
  bool one_null = false;  ///< … which takes NULL once only
};

struct PlanRelation {
  std::uint32_t oid = 0;
  std::string schema, name;
  bool partitioned = false;  ///< a root: holds no rows itself
  bool partition = false;
  std::int64_t pages = 0, rows = 0;
  std::vector<PlanColumn> columns{};
  std::vector<std::uint32_t> parents{}, children{};

  const PlanColumn* Find(std::string_view column) const;
  PlanColumn* Find(std::string_view column);
};

/// One column of a foreign key.
struct PlanReference {
  std::uint32_t relation = 0;
  std::string column;
  std::uint32_t target = 0;
  std::string target_column;
  std::string constraint;
};

struct PlanCatalog {
  std::map<std::uint32_t, PlanRelation> relations;
  std::vector<PlanReference> references;

  /// The relation of that name; without a schema, the only one. nullptr: none, or several.
  PlanRelation* Find(const PackName& name);
  const PlanRelation* Find(const PackName& name) const;
};

/// Reads it from the source. throws  SqlError
PlanCatalog ReadCatalog(Connection& source);

/// Puts a pack's rules in the place of the labels.
/// throws  Fault kConfiguration for a table or column that is not there
void ApplyPack(const Pack& pack, const std::string& file, PlanCatalog& catalog);

/// {1,2,3}: an oid[] for a parameter.
std::string OidArray(std::span<const std::uint32_t> oids);

}  // namespace gdpr::batch
