// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/value.hpp"

namespace gdpr::batch {

class Connection;

/// Numbers of the built-in types: part of PostgreSQL's protocol.
namespace oid {
constexpr std::uint32_t kBool = 16, kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23,
                        kText = 25, kJson = 114, kXml = 142, kPoint = 600, kCidr = 650,
                        kFloat4 = 700, kFloat8 = 701, kMacaddr8 = 774, kMoney = 790, kMacaddr = 829,
                        kInet = 869, kBpchar = 1042, kVarchar = 1043, kDate = 1082, kTime = 1083,
                        kTimestamp = 1114, kTimestamptz = 1184, kInterval = 1186, kTimetz = 1266,
                        kNumeric = 1700, kUuid = 2950, kTsvector = 3614, kJsonb = 3802;
}  // namespace oid

/// A line of pg_type, as far as a copy needs it.
struct TypeRow {
  std::uint32_t oid = 0;
  char typtype = 'b';                 ///< b, d (domain), e (enum), c, r, m, p
  std::uint32_t base = 0;             ///< domains: what they are over
  std::int32_t typmod = -1;           ///< domains: their base type's modifier
  std::uint32_t element = 0;          ///< true arrays: what they hold
  bool like_text = false;             ///< a string that is sent as its text: citext
  bool binary = true;                 ///< it can be sent and received in binary
  bool of_database = false;           ///< a number that means an object of this database: regclass
  bool not_null = false;              ///< domains that take no NULL
  bool any_case = false;              ///< citext: texts that differ only in case are equal
  std::vector<std::string> labels{};  ///< enums, in their order
};

/// What there is to know of a type: the same as the extension's ReadType() finds.
struct CopyType {
  std::uint32_t base = 0;    ///< without domains
  std::int32_t typmod = -1;  ///< of the base type, where a domain says it
  bool domain = false;
  bool binary = true;
  bool of_database = false;
  bool not_null = false;
  TypeFacts facts;                    ///< of an array: its elements'
  const CopyType* element = nullptr;  ///< arrays
};

/// The types of the source that a copy meets. Read once, then used by all threads.
class CatalogTypes {
 public:
  explicit CatalogTypes(std::vector<TypeRow> rows);
  CatalogTypes(CatalogTypes&&) = default;
  CatalogTypes& operator=(CatalogTypes&&) = default;
  CatalogTypes(const CatalogTypes&) = delete;

  /// Asks for these types and everything they are made of. throws  SqlError
  static CatalogTypes Read(Connection& source, std::span<const std::uint32_t> oids);

  /// in   a type that was read; throws  std::out_of_range for another one
  const CopyType& Of(std::uint32_t oid) const { return types_.at(oid); }

 private:
  const CopyType& Make(std::uint32_t oid, const std::map<std::uint32_t, TypeRow>& rows);

  std::map<std::uint32_t, CopyType> types_;  // a map's nodes stay where they are
};

/// What a column's modifier allows: characters of varchar(n) and char(n), digits before the point
/// of numeric(p,s); 0 for no limit.
int LengthOfTypmod(std::uint32_t base, std::int32_t typmod);

}  // namespace gdpr::batch
